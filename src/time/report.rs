//! A time measurement for a person, with the arithmetic, or for a program.

use std::time::SystemTime;

use jiff::Zoned;

use crate::t;
use crate::time::sntp::{Sample, Timestamp};

/// Offset, delay and stratum as one line of JSON; the times in seconds.
pub fn json(sample: &Sample) -> String {
    let Sample { offset, delay, stratum, .. } = sample;
    serde_json::json!({ "offset": offset, "delay": delay, "stratum": stratum }).to_string()
}

/// The four timestamps and what follows from them, with the numbers put in.
pub fn arithmetic(sample: &Sample, now: SystemTime) -> String {
    let Sample { t1, t2, t3, t4, offset, delay, stratum } = sample;
    let [at1, at2, at3, at4] = [t1, t2, t3, t4].map(|timestamp| shown(*timestamp, now));
    let times = t!(
        "T1 {at1}  question sent, our clock\nT2 {at2}  question received, the server's clock\nT3 {at3}  answer sent, the server's clock\nT4 {at4}  answer received, our clock",
        "T1 {at1}  发出请求（本机时钟）\nT2 {at2}  收到请求（服务器时钟）\nT3 {at3}  发出回复（服务器时钟）\nT4 {at4}  收到回复（本机时钟）"
    );
    let (there, back) = (t2.since(*t1), t3.since(*t4));
    let (whole, inside) = (t4.since(*t1), t3.since(*t2));
    t!(
        "{times}\noffset = ((T2 - T1) + (T3 - T4)) / 2 = (({there:+.6}) + ({back:+.6})) / 2 = {offset:+.6} s\ndelay  = (T4 - T1) - (T3 - T2) = {whole:.6} - {inside:.6} = {delay:.6} s\nstratum {stratum}",
        "{times}\n偏差 = ((T2 - T1) + (T3 - T4)) / 2 = (({there:+.6}) + ({back:+.6})) / 2 = {offset:+.6} 秒\n延迟 = (T4 - T1) - (T3 - T2) = {whole:.6} - {inside:.6} = {delay:.6} 秒\n层级 {stratum}"
    )
}

fn shown(timestamp: Timestamp, now: SystemTime) -> String {
    let time = timestamp.near(now).and_then(|time| Zoned::try_from(time).ok());
    time.map_or_else(
        || t!("beyond the calendar", "超出日历"),
        |time| time.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string(),
    )
}
