//! The lab in worlds that are not as usual: no verdict says more than was seen there.

use std::process::Command;

use crate::common::{self, LAB, Running};
use serde_json::Value;

/// Runs the lab in a network namespace of its own, after a script of the shell; `None` where that cannot be had.
fn lab_after(script: &str, args: &str) -> Option<(bool, String, String)> {
    let namespace = Command::new("unshare").args(["-rn", "sh", "-ec", script]).output();
    if !namespace.is_ok_and(|output| output.status.success()) {
        common::not_run("unshare and ip (util-linux, iproute2) or the right to use them are missing");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-rn", "sh", "-ec", &format!("{script}\nexec {LAB} {args}")]);
    let (status, out, err) = Running::spawn(command).ended();
    Some((status.success(), String::from_utf8(out).unwrap(), err))
}

/// The verdict of the only experiment in a JSON document.
fn verdict(json: &str) -> String {
    let document: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json:.300}"));
    document["experiments"][0]["verdict"].as_str().unwrap().to_string()
}

#[test]
fn without_loopback_one_sentence_says_so() {
    for args in ["", "--json", "run sticky"] {
        let Some((success, out, err)) = lab_after("true", args) else { return };
        assert!(
            !success && out.is_empty() && err.lines().count() == 1 && err.contains("ip link set lo up"),
            "{out}{err}"
        );
    }
}

#[test]
fn a_small_queue_or_buffer_loses_no_experiment() {
    const TABLE: [(&str, &str, &str); 5] = [
        ("net/core/somaxconn", "0", "backlog"),
        ("net/core/somaxconn", "1", "backlog"),
        ("net/core/somaxconn", "1", "many-clients"),
        ("net/ipv4/tcp_rmem", "4096 4096 4096", "leftover"),
        ("net/ipv4/tcp_max_tw_buckets", "0", "time-wait"),
    ];
    for (parameter, value, name) in TABLE {
        let script = format!("ip link set lo up\necho {value} >/proc/sys/{parameter}");
        let Some((success, json, err)) = lab_after(&script, &format!("run {name} --json")) else { return };
        assert!(success, "{parameter} {value}: {err}{json:.300}");
        let expected = match name {
            "many-clients" => "as-taught",
            "time-wait" => "cannot-show",
            _ => "partly",
        };
        assert_eq!(verdict(&json), expected, "{parameter} {value} {name}: {json:.2000}");
        if name == "backlog" {
            assert!(json.contains(&format!("net.core.somaxconn is {value}")), "{json:.600}");
        }
    }
}
