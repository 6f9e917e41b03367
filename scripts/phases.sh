# What ./quickstart and ./check share: packages, phases with elapsed time, messages. Sourced, never run.
# shellcheck shell=bash

started=$SECONDS
if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}
elapsed() { printf '%d:%02d' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)); }

# phase NAME COMMAND…: runs it with its output in a log; one line when it is well, the end of the log when it is not.
# Its status is the command's.
phase() {
  local name=$1 begun=$SECONDS status=0 log
  shift
  log=$logs/${name// /-}.log
  [ -t 1 ] && printf '  … %s\r' "$name"
  "$@" >"$log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    printf '  %s%-34s%s ok      %4d s   (%s)\n' "$bold" "$name" "$plain" $((SECONDS - begun)) "$(elapsed)"
  else
    printf '  %s%-34s%s FAILED  %4d s   (%s)\n' "$bold" "$name" "$plain" $((SECONDS - begun)) "$(elapsed)"
    tail -n 40 "$log" | sed 's/^/      /'
    say "      the whole output: $log"
  fi
  return "$status"
}

# The packages whose second word is one of the arguments, and that are not installed.
missing_packages() {
  local wanted package kind
  while read -r package kind; do
    case $package in '' | '#'*) continue ;; esac
    for wanted in "$@"; do
      [ "$kind" = "$wanted" ] || continue
      dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || provided "$package" || printf '%s\n' "$package"
    done
  done <"$top/packaging/debian-packages.txt"
}
# Node and npm often come from elsewhere than Debian; what matters is that they are there.
provided() {
  case $1 in
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    *) return 1 ;;
  esac
}

# Installs what is missing of the kinds named; asks first when that takes sudo and somebody is there to answer.
# Installs only: a plan of apt's that would remove a package is refused.
install_packages() {
  local missing as_root=()
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  command -v apt-get >/dev/null || fail "these Debian packages are needed, and apt-get is not here to install them: $(echo $missing)"
  say "Debian packages needed, not there yet:" && say "$missing" | sed 's/^/    /'
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "not root, and no sudo: install the packages above, then run this again"
    as_root=(sudo)
    if [ -t 0 ]; then
      read -r -p "Install them with sudo apt-get? [Y/n] " answer
      case $answer in [nN]*) fail "nothing was installed" ;; esac
    else
      as_root=(sudo -n)
    fi
  fi
  # shellcheck disable=SC2086
  phase 'install packages' apt_install "${as_root[@]}" -- $missing || fail "the packages could not be installed"
}
apt_install() {
  local as_root=()
  while [ "$1" != -- ]; do as_root+=("$1") && shift; done
  shift
  "${as_root[@]}" apt-get update || say "apt-get update failed; going on with the lists that are there"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --no-remove "$@"
}
