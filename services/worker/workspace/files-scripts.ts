/**
 * Shell scripts for files, run inside the container as root: there, no link leads out, and the engine's own archive
 * calls, which lock the container and are not atomic, are not needed. They work in dash, bash and busybox's ash, and tell
 * how they ended by one line on their error output: see `verdictIn`. Paths are absolute and plain.
 */
const BEGIN = `umask 022
unset CDPATH TAR_OPTIONS
exec 3<&0
told() { printf '\\036%s\\n' "$1" >&2; exit 0; }
need() { for p; do command -v "$p" >/dev/null 2>&1 || told "lacks $p"; done; }
guard() { case $PWD in /proc|/proc/*|/sys|/sys/*|/dev|/dev/*) told kernel;; esac; }
lost() {
  p=$1
  while [ -n "$p" ]; do
    if [ -e "$p" ] || [ -L "$p" ]; then [ -d "$p" ] || told notdir; break; fi
    p=\${p%/*}
  done
  told missing
}
enter() { cd -P -- "\${1:-/}" 2>/dev/null || lost "$1"; guard; here=$PWD; [ "$here" != / ] || here=; }
nearest() {
  top=$1
  while [ -n "$top" ] && [ ! -e "$top" ] && [ ! -L "$top" ]; do top=\${top%/*}; done
  [ -d "\${top:-/}" ] || told notdir
}
parents() {
  nearest "$1"
  [ "$top" != "$1" ] || return 0
  need mkdir stat
  enter "$top"
  owner=$(stat -c %u:%g .)
  mkdir -p -- "$1" || told failed
  p=$1
  while [ "$owner" != 0:0 ] && [ "$p" != "$top" ]; do chown "$owner" "$p" || told failed; p=\${p%/*}; done
}
held() {
  while read -r a b c d point rest; do case $point in "$1"|"$1"/*) told mounted;; esac; done </proc/self/mountinfo
}
`;

/**
 * What is written is written beside its place first, to a name that says who writes it: a process and when that began,
 * since its number may be another's once its container was started again. `mine` sets that of this one, `sweep` removes
 * what is nobody's any more, and sets `alive` where that of `$2` still is somebody's. `fail` ends one that has begun to
 * write: it removes that, and reads on, so that what is still sent breaks no connection.
 */
const FAIL = `born() {
  start= l=
  while IFS= read -r x || [ -n "$x" ]; do l="$l $x"; done <"/proc/$1/stat"
  [ -n "$l" ] || return 0
  set -- \${l##*) }
  start=\${20}
} 2>/dev/null
mine() { born $$; mine=$$-$start; }
sweep() {
  alive=
  for t in ./.berth-"$1"-*; do
    [ -e "$t" ] || continue
    p=\${t#./.berth-"$1"-}
    born "\${p%%-*}"
    p=\${p#*-}
    if [ -z "$start" ] || [ "$start" != "\${p%%-*}" ]; then rm -rf -- "$t"
    elif [ "\${t##*-}" = "$2" ]; then alive=1
    fi
  done
}
fail() { rm -rf -- "$tmp"; printf '\\036%s\\n' "$1" >&2; cat >/dev/null; exit 0; }
`;

/** Sets `path` to what a path is a link to in the end, which need not be there. */
const FOLLOW = `path=$1 hops=0
# Step by step: busybox's readlink -f takes a link that leads nowhere for one of the working directory's.
while [ -L "$path" ]; do
  [ $hops -lt 40 ] || told loop
  hops=$((hops + 1))
  need readlink
  enter "\${path%/*}"
  next=$(readlink -n "./\${path##*/}" && echo x) || told loop
  case $next in /*) path=\${next%x};; *) path=$here/\${next%x};; esac
done
`;

/**
 * Arguments: a directory; how many entries; the name after which they begin, as `printf %b` reads it, or nothing.
 * Prints `<raw mode> <size> <seconds> ./<name>/` a line, `<name>/<target>` and NUL for each link, then a slash and, where
 * there is more, the last name: no name holds a slash or NUL, and any may hold a newline.
 */
export const LIST = `${BEGIN}need stat
cd -P -- "$1" 2>/dev/null || lost "$1"
limit=$2 after=$(printf %b "$3"; echo x)
after=\${after%x} count=0 more=
case $after in '') group=0;; .*) group=1;; *) group=2;; esac
later() {
  case $1 in .*) g=1;; *) g=2;; esac
  [ $g -gt $group ] || { [ $g -eq $group ] && [ "x$1" \\> "x$after" ]; }
}
page() {
  for n in .* *; do
    case $n in .|..) continue;; '.*'|'*') [ -e "./$n" ] || [ -L "./$n" ] || continue;; esac
    later "$n" || continue
    [ $count -lt $limit ] || { more=1; break; }
    count=$((count + 1)) last=$n
    set -- "$@" "./$n"
    [ $# -lt 64 ] || { show "$@"; set --; }
  done
  [ $# -eq 0 ] || show "$@"
}
show() { stat -c '%f %s %Y %n/' "$@" 2>/dev/null; printf '\\0'; targets "$@"; }
targets() {
  command -v readlink >/dev/null 2>&1 || { printf '\\0'; return 0; }
  for f; do [ ! -L "$f" ] || { printf '%s/' "\${f#./}"; readlink -n "$f"; printf '\\0'; }; done
  printf '\\0'
}
page
[ -z "$more" ] || printf '%s' "$last"
told done`;

/**
 * Argument: a file. Prints `<size> <seconds>`, reads how many MiB to leave out, then prints the file from there. Ends
 * with its input, unless a line comes before that end.
 */
export const READ = `${BEGIN}need stat cat
# What is in /dev may be a file like any other.
guard() { case $PWD in /proc|/proc/*|/sys|/sys/*) told kernel;; esac; }
${FOLLOW}[ -e "$path" ] || lost "$path"
[ ! -d "$path" ] || told directory
# Of where it is, links followed: the kernel's own files have no size, whatever leads there.
enter "\${path%/*}"
path=$here/\${path##*/}
[ -f "$path" ] || told special
{
  stat -L -c '%s %Y' /proc/self/fd/5 || told failed
  read -r skip <&3 && [ -n "$skip" ] || exit 0
  [ "$skip" = 0 ] || need dd
  ( read -r x <&3 || kill -KILL $$ ) >/dev/null 2>&1 5<&- &
  [ "$skip" = 0 ] && exec cat <&5 3<&-
  exec dd bs=1048576 skip="$skip" <&5 3<&- 2>/dev/null
} 5<"$path"
told failed`;

/**
 * Arguments: a file; what makes its temporary name unique; a mark of 32 characters. Prints a line when it is ready for
 * the bytes on its input. They are whole where the mark comes behind them: the end of the input alone may mean anything.
 */
export const WRITE = `${BEGIN}${FAIL}need stat cat tail dd chmod mv rm
${FOLLOW}parents "\${path%/*}"
enter "\${path%/*}"
name=./\${path##*/}
[ ! -d "$name" ] || told directory
[ ! -e "$name" ] || [ -f "$name" ] || told special
sweep upload "$2"
mine
tmp=./.berth-upload-$mine-$2
umask 077
echo ready
cat >"$tmp" || fail failed
# Its directory may be deleted under it.
[ -e "$tmp" ] || told missing
[ "$(tail -c 32 "$tmp" 2>/dev/null)" = "$3" ] || fail cut
size=$(($(stat -c %s "$tmp") - 32))
dd if=/dev/null of="$tmp" bs=1 seek="$size" 2>/dev/null || fail failed
kind=new owner=$(stat -c %u:%g .) mode=644
if [ -e "$name" ]; then
  kind=replaced owner=$(stat -c %u:%g "$name") mode=$(stat -c %a "$name")
fi
[ "$owner" = 0:0 ] || chown "$owner" "$tmp" || fail failed
chmod "$mode" "$tmp" && mv -f -- "$tmp" "$name" || fail failed
# A directory that appeared there meanwhile has taken it in.
inside=$name/\${tmp#./}
if [ -e "$inside" ]; then tmp=$inside; fail directory; fi
told "$kind $size"`;

/** Argument: a directory. */
export const MAKE_DIRECTORY = `${BEGIN}if [ -d "$1" ]; then told there; fi
parents "$1"
told made`;

/** Arguments: from, to, what makes a temporary name unique. */
export const MOVE = `${BEGIN}need stat mv
[ -e "$1" ] || [ -L "$1" ] || lost "$1"
[ "$1" != "$2" ] || told done
enter "\${1%/*}"
from=$here/\${1##*/} device=$(stat -c %d .)
held "$from"
parents "\${2%/*}"
enter "\${2%/*}"
to=$here/\${2##*/}
case $to/ in "$from"/*) [ "$to" = "$from" ] && told done; told within;; esac
[ ! -d "$to" ] || told directory
[ -L "$from" ] || [ ! -d "$from" ] || [ ! -e "$to" ] || told notdir
if [ "$device" = "$(stat -c %d .)" ] && { [ -L "$from" ] || [ ! -d "$from" ]; }; then
  mv -f -- "$from" "$to" || told failed
else
  tmp=$here/.berth-move-$$-$3
  mv -f -- "$from" "$tmp" || { rm -rf -- "$tmp"; told failed; }
  mv -f -- "$tmp" "$to" || { mv -f -- "$tmp" "$from"; told failed; }
fi
told done`;

/** Arguments: a path; `recursive` or nothing. */
export const DELETE = `${BEGIN}[ -e "$1" ] || [ -L "$1" ] || lost "$1"
enter "\${1%/*}"
name=./\${1##*/}
held "$here/\${1##*/}"
if [ -L "$name" ] || [ ! -d "$name" ]; then
  need rm
  rm -f -- "$name" || told failed
elif [ -n "$2" ]; then
  need rm
  rm -rf -- "$name" || told failed
else
  for n in "$name"/* "$name"/.*; do
    case \${n##*/} in .|..) continue;; esac
    [ -e "$n" ] || [ -L "$n" ] || continue
    told notempty
  done
  need rmdir
  rmdir -- "$name" || told failed
fi
told done`;

/** Argument: a path. Prints a line, then a tar of it. Ends with its input. */
export const PACK = `${BEGIN}need tar
[ -e "$1" ] || [ -L "$1" ] || lost "$1"
enter "\${1%/*}"
name=\${1##*/}
case $name in -*) name=./$name;; esac
echo ready
tar -cf - "$name" 3<&- &
tar=$!
( read -r x <&3; kill -KILL $tar ) >/dev/null 2>&1 &
watcher=$!
wait $tar
code=$?
kill $watcher 2>/dev/null
[ $code -le 1 ] || told failed
told done`;

/** Enters where an archive is unpacked beside its place, which is what `place` becomes. */
const INTO = `place=$1
if [ -d "$place" ]; then
  enter "$place"
  [ -n "$here" ] || told root
  place=$here
else
  nearest "$place"
  [ "$top" != "$place" ] || told notdir
  enter "$top"
  place=$here\${place#"$top"} top=$here
fi
`;

/**
 * Arguments: a directory; what makes its temporary name unique; the name of the entry that must come last, since an
 * archive without it is not whole. Prints a line when it is ready for the archive on its input.
 */
export const UNPACK = `${BEGIN}${FAIL}need tar stat mkdir mv rm cat
${INTO}sweep unpack "$2"
mine
tmp=$here/.berth-unpack-$mine-$2
mkdir -- "$tmp" || told failed
if [ "$here" != "$place" ]; then
  owner=$(stat -c %u:%g .)
  [ "$owner" = 0:0 ] || chown "$owner" "$tmp" || fail failed
fi
echo ready
tar -xf - -C "$tmp" || fail unpacked
[ -f "$tmp/$3" ] || fail cut
rm -f -- "$tmp/$3" || fail failed
if [ "$here" != "$place" ]; then
  [ "\${place%/*}" = "$top" ] || ( parents "\${place%/*}" ) || fail failed
  [ ! -e "$place" ] && [ ! -L "$place" ] && mv -- "$tmp" "$place" || fail failed
  told new
fi
# Of two directories with the same name the contents are put together; nothing else that is there but files is replaced.
merge() {
  for n in "$tmp$2"/* "$tmp$2"/.*; do
    case \${n##*/} in .|..) continue;; esac
    [ -e "$n" ] || [ -L "$n" ] || continue
    to=$place\${n#"$tmp"}
    if [ ! -L "$n" ] && [ -d "$n" ]; then
      if [ ! -L "$to" ] && [ -d "$to" ]; then merge "$1" "\${n#"$tmp"}"; continue; fi
      [ ! -L "$to" ] && [ ! -e "$to" ] || fail 'blocked'
    else
      # Of two links the new one is kept, whatever the other leads to.
      [ -L "$n" ] && [ -L "$to" ] || [ ! -d "$to" ] || fail 'blocked'
    fi
    [ "$1" = move ] || continue
    if [ $# -ge 130 ]; then moved "$@"; set -- "$1" "$2"; fi
    set -- "$@" "$n"
  done
  [ $# -le 2 ] || moved "$@"
}
moved() {
  to=$place$2/
  shift 2
  mv -f -- "$@" "$to" || fail failed
}
merge check ''
merge move ''
rm -rf -- "$tmp"
told replaced`;

/**
 * Removes what a WRITE has left beside its place that was killed with its container. Arguments: of that. Tells `alive` where it
 * still runs.
 */
export const SWEEP_WRITE = `${BEGIN}${FAIL}need rm
${FOLLOW}enter "\${path%/*}"
sweep upload "$2"
[ -z "$alive" ] || told alive
told done`;

/** The same of an UNPACK. */
export const SWEEP_UNPACK = `${BEGIN}${FAIL}need rm
${INTO}sweep unpack "$2"
[ -z "$alive" ] || told alive
told done`;
