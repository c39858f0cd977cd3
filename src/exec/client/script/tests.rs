use super::*;

const WHOLE: &str = r#"
ls
ls -la /tmp
cd /
a=b
a=b c=d env
a='it is' b="two" env
export PATH=$PATH:/opt/bin
echo if
echo then else fi
echo for while until do done
echo case esac in
echo { } '{' "}"
echo case in point
grep if file
which if
./configure --with case
echo '<<'
echo "<<EOF"
echo \<\<
echo $((1<<2))
echo $(( (1 + 2) * 3 ))
echo "$((1<<2)) is four"
echo $(($(nproc) * 2))
[ a ] && b
[ -f x ] || exit 1
[[ a == b && c == d ]] && echo yes
[[ $x =~ ^(a|b)$ ]]
true && false || echo x
# a comment
# comments with ' quotes
# comments with " and ` and ( and <<
echo hi # it's a comment
echo hi # ends with a backslash \
echo a#b
echo $#
echo ${#a}
echo "$#" # there isn't one
echo 'don'\''t'
echo "it's"
echo 'say "hi"'
echo "say \"hi\""
echo a\ b
echo \\
echo 'a\'
echo "a\\"
echo $'a\tb'
echo $HOME ${HOME} "${HOME}"
echo ${a:-b} ${a:+"b c"} ${a%/*} ${a##*/} ${a:-$(date)}
echo $(date)
echo $(date) $(whoami)
echo "$(date)"
echo "$(echo "a b" "$(echo c)")"
echo $(echo \))
echo $(case a in a) echo x;; esac)
echo `date`
echo "`date`"
echo `echo \`date\``
ls | wc -l
ls |& cat
ls > file
ls >> file
ls 2>&1
ls > file 2>&1
ls &> file
ls >| file
ls 2>/dev/null | head -1
cat < file
cat <> file
cat <&3
cat <<<word
cat <<< "two words"
diff <(ls a) <(ls b)
tee >(cat)
sleep 1 &
sleep 1 & wait
sleep 1; echo x
echo a; echo b;
(cd / && ls)
(a; b) | c
((i++))
{ echo a; echo b; }
{ echo a; } > file
f() { echo hi; }; f
f () { echo hi; }
f() (echo hi)
function f { echo hi; }; f
a=(1 2 3)
ls !(a|b)
for i in 1 2 3; do echo $i; done
for i in *.txt; do mv "$i" "${i%.txt}"; done
for ((i=0; i<3; i++)); do echo $i; done
select x in a b; do echo $x; done
while read x; do echo $x; done < file
ls | while read x; do echo "$x"; done | sort
until true; do :; done
if true; then echo a; fi
if a; then b; elif c; then d; else e; fi
if (a) then b; fi
if [ "$a" = "it's" ]; then echo x; fi
case a in a) echo x;; *) echo y;; esac
case a in (a|b) echo x;; esac
case "$1" in start) a && b;; stop) c;; esac
case a in esac
! false
! grep -q x file && echo none
time ls
find . -name '*.rs' -exec rm {} \;
find . \( -name a -o -name b \) -print
find . -name x | xargs rm -f
awk '{print $1}' file
awk '{ if ($1 > 2) { print } }' file
sed 's/a/b/' file
sed -e "s/'//g" file
tr -d '\r' < a > b
git commit -m "fix: don't (really)"
python3 -c 'print("a" if 1 else "b")'
sh -c 'for i in 1; do echo $i; done'
curl 'http://a/?b=c&d=e'
echo 你好，“世界”
exit 7
:
ps aux | grep '[s]sh' | awk '{print $2}'
trap 'echo bye' EXIT
test $(id -u) = 0
printf '%s\n' "$@"
"#;

const NOT_WHOLE: &str = r#"
cat <<EOF
cat << 'EOF'
cat <<-EOF
cat <<EOF > file
cat <<EOF | sort
cat <<\EOF
while read x; do echo $x; done <<EOF
echo "$(cat <<EOF
echo `cat <<EOF`
f() {
f()
f ()
function f {
function f
function f()
{
{ echo a
(
(echo a
(echo a;
for i in 1 2 3
for i in 1 2 3; do
for i in 1 2 3; do echo $i
while true
while true; do
until false; do
select x in a b
if true
if true; then
if true; then echo a
if true; then echo a; else
case a in
case a
case a in a)
case a in a) echo x;;
case a in a) (echo;; esac
then
else
fi
do
done
esac
}
)
echo a |
echo a | # and then
echo a &&
echo a ||
echo a && \
echo a \
\
echo 'a
echo "a
echo "it's
echo it's
echo $'a
echo $'it\'s'
echo `date
echo "`date"
echo $(date
echo "$(date
echo ${a
echo ${a:-"b}
echo $((1 +
echo $((1 + 2)
a=(1 2
diff <(ls a) <(ls b
! f() {
a=b; if x
true && {
true && if x
echo x; for i in 1
ls | while read x
ls & while read x
coproc {
$(
"#;

fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter(|line| !line.is_empty())
}

#[test]
fn ordinary_commands_are_whole() {
    assert!(lines(WHOLE).count() >= 100);
    let stopped = lines(WHOLE).filter(|line| !is_whole(line)).collect::<Vec<_>>();
    assert_eq!(stopped, [""; 0]);
}

#[test]
fn what_goes_on_in_the_next_line_is_not_whole() {
    let run = lines(NOT_WHOLE).filter(|line| is_whole(line)).collect::<Vec<_>>();
    assert_eq!(run, [""; 0]);
}

#[test]
fn no_beginning_of_a_line_that_a_shell_waits_after_is_whole() {
    let line = r#"if a && (b || "c $(d 'e' `f`)"); then { g | h; }; fi"#;
    for end in line.char_indices().map(|(at, _)| at).skip(2) {
        assert!(!is_whole(&line[..end]), "{}", &line[..end]);
    }
    assert!(is_whole(line));
}

#[test]
fn what_is_pasted_with_its_lines_is_taken_as_it_is() {
    assert!(is_whole("cat <<EOF\nrm precious\nEOF"));
    assert!(is_whole(""));
}

#[test]
fn nothing_is_too_deep_and_nothing_panics() {
    let nested = |open: &str, close: &str, depth: usize| format!("echo {}{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("$(", ")"), ("${a:-", "}"), ("\"$(", ")\"")] {
        assert!(is_whole(&nested(open, close, 10)), "{open}");
        assert!(!is_whole(&nested(open, close, 30_000)), "{open}");
    }
    assert!(is_whole(&format!("{}:{}", "(".repeat(30_000), ")".repeat(30_000))));
}
