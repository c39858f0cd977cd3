//! Files at Tab are the shell's own business: it alone knows how their names are quoted, what `~` is, and that a folder goes
//! on. So where a file belongs a program offers nothing, and where it offers nothing the shell offers files.
//!
//! clap's own list of files is put into the line as it is (bash, PowerShell) and cut at newlines: a file named `x;reboot`
//! is then a command.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;

use clap::{Command, ValueHint};
use clap_complete::engine::{self, ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

/// The shells that can ask. PowerShell offers files of itself, where a program says nothing.
pub(super) const SHELLS: Shells<'static> = Shells(&[
    &WithFiles { shell: &Bash, files: BASH },
    &WithFiles { shell: &Elvish, files: ELVISH },
    &WithFiles { shell: &Fish, files: FISH },
    &WithFiles { shell: &Powershell, files: "" },
    &WithFiles { shell: &Zsh, files: ZSH },
]);

/// Readline's files, quoted. An older bash has no `nosort`.
const BASH: &str = r"complete -o nospace -o bashdefault -o default -o nosort -F _clap_complete_NAME BIN 2> /dev/null ||
    complete -o nospace -o bashdefault -o default -F _clap_complete_NAME BIN";

const ZSH: &str = r"function _with_files_NAME() {
    _clap_dynamic_completer_NAME
    (( compstate[nmatches] )) && return
    compset -P '--*='
    _files
}
compdef _with_files_NAME BIN";

const FISH: &str = r"function __offers_nothing_NAME
    test (VAR=fish COMPLETER -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token) | count) -eq 0
end
complete --command BIN --force-files --condition __offers_nothing_NAME";

const ELVISH: &str = r"use re
set edit:completion:arg-completer[BIN] = {|@words|
    var index = (to-string (- (count $words) 1))
    var offered = [(env _CLAP_COMPLETE_INDEX=$index VAR=elvish COMPLETER -- $@words)]
    var option = [(re:find '^(--[^=]*=)(?s:(.*))$' $words[-1])]
    if (> (count $offered) 0) {
        put $@offered
    } elif (== (count $option) 0) {
        edit:complete-filename $words[-1]
    } else {
        var groups = $option[0][groups]
        edit:complete-filename $groups[2][text] | each {|file|
            edit:complex-candidate $groups[1][text]$file[stem] &code-suffix=$file[code-suffix]
        }
    }
}";

/// What stands for all files, among the candidates.
const A_FILE: &str = "\0file";

/// The command, where paths are completed to [`A_FILE`].
pub(super) fn left_to_the_shell(command: Command) -> Command {
    let is_path = |arg: &clap::Arg| arg.get_value_hint() == ValueHint::AnyPath;
    let a_file = |_: &OsStr| vec![CompletionCandidate::new(A_FILE)];
    let command = command.mut_args(|arg| if is_path(&arg) { arg.add(ArgValueCompleter::new(a_file)) } else { arg });
    command.mut_subcommands(left_to_the_shell)
}

/// A shell that offers its files where a program offers nothing.
struct WithFiles {
    shell: &'static dyn EnvCompleter,
    /// What makes it do so, behind what clap tells it.
    files: &'static str,
}

impl EnvCompleter for WithFiles {
    fn name(&self) -> &'static str {
        self.shell.name()
    }

    fn is(&self, name: &str) -> bool {
        self.shell.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        self.shell.write_registration(var, name, bin, completer, buf)?;
        let completer = quoted(completer, self.name());
        let files = self.files.replace("NAME", &name.replace('-', "_")).replace("BIN", bin);
        writeln!(buf, "{}", files.replace("VAR", var).replace("COMPLETER", &completer))
    }

    fn write_complete(
        &self,
        command: &mut Command,
        mut words: Vec<OsString>,
        here: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let told = std::env::var("_CLAP_COMPLETE_INDEX").ok().and_then(|index| index.parse().ok());
        let mut index = told.unwrap_or(words.len() - 1);
        if self.name() == "bash" {
            index = joined(&mut words, index);
        }
        // zsh leaves out an empty last word.
        words.resize(words.len().max(index + 1), OsString::new());
        let candidates = engine::complete(command, words.clone(), index, here)?;
        if candidates.iter().any(|candidate| candidate.get_value().to_string_lossy().ends_with(A_FILE)) {
            return Ok(());
        }
        if self.name() != "bash" {
            return self.shell.write_complete(command, words, here, buf);
        }
        let separator = std::env::var("_CLAP_IFS").unwrap_or("\n".into());
        let values: Vec<_> = candidates.iter().map(|candidate| candidate.get_value().to_string_lossy()).collect();
        write!(buf, "{}", values.join(&separator))
    }
}

/// bash cuts `--lang=zh` at the `=`: it becomes `--lang zh`, and the index of the word that is asked for moves with it.
fn joined(words: &mut Vec<OsString>, index: usize) -> usize {
    let is_sign = |at: usize| words[at] == "=" && at > 0 && words[at - 1].to_string_lossy().starts_with("--");
    let signs: Vec<usize> = (0..words.len()).filter(|at| *at != index && is_sign(*at)).collect();
    for sign in signs.iter().rev() {
        words.remove(*sign);
    }
    index - signs.iter().filter(|sign| **sign < index).count()
}

/// The path of a program as a word of a shell's script.
fn quoted(path: &str, shell: &str) -> String {
    match shell {
        "fish" => format!("'{}'", path.replace('\\', "\\\\").replace('\'', "\\'")),
        _ => format!("'{}'", path.replace('\'', "''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_that_bash_cuts_off_is_put_back() {
        for (typed, index, whole, moved) in [
            ("p --lang = z", 3, "p --lang z", 2),
            ("p --lang = zh --color = a", 6, "p --lang zh --color a", 4),
            ("p run = x", 3, "p run = x", 3),
            ("p --lang =", 2, "p --lang =", 2),
        ] {
            let mut words: Vec<OsString> = typed.split(' ').map(Into::into).collect();
            assert_eq!((joined(&mut words, index), words.join(OsStr::new(" "))), (moved, whole.into()));
        }
    }
}
