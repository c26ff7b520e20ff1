# Shell functions for demo and test: each makes sure of one thing and changes nothing when it is there already.
# shellcheck shell=bash

say() { printf '\033[1m» %s\033[0m\n' "$*" >&2; }
give_up() { printf 'error: %s\n' "$*" >&2; exit 2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else give_up "'$*' needs root, and there is no sudo: run it yourself, then start this again"; fi
}

# need_packages COMMAND=PACKAGE …: installs the Debian packages whose command is missing.
need_packages() {
  local missing=() pair
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || [ -x "/usr/sbin/${pair%%=*}" ] || missing+=("${pair##*=}")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || give_up "please install: ${missing[*]} (only Debian and Ubuntu are set up by this script)"
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  # policy-rc.d says no: the packages' own services must not start on this machine
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null
}

# need_python: a virtual environment in .venv with the project, its lab and, for "dev", the tools.
need_python() {
  local python stamp wanted
  for python in python3.13 python3.12 python3.11 python3; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
    python=
  done
  [ -n "$python" ] || give_up 'Python 3.11 or newer is needed'
  wanted="$(cat pyproject.toml constraints.txt | sha256sum) $*"
  stamp=.venv/.installed
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
  say 'installing rdsrestore into .venv'
  [ -x .venv/bin/python ] || "$python" -m venv .venv || {
    need_packages no-venv=python3-venv
    "$python" -m venv .venv
  }
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[lab]' "$@"
  printf '%s' "$wanted" >"$stamp"
}

# need_engine: a Docker engine that answers; where there is none, one is installed and started if that can be done.
need_engine() {
  docker info >/dev/null 2>&1 && return
  need_packages dockerd=docker.io iptables=iptables
  say 'starting a Docker engine'
  pgrep -x dockerd >/dev/null || as_root rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid
  as_root sh -c 'nohup dockerd >/var/log/rdsrestore-dockerd.log 2>&1 &'
  local tries=0
  until docker info >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || give_up 'the Docker engine did not start: see /var/log/rdsrestore-dockerd.log'
    sleep 0.5
  done
}

# need_image NAME: a database server's image, made of this system's own packages where no registry holds one.
need_image() {
  docker image inspect "$1" >/dev/null 2>&1 && return
  need_packages debootstrap=debootstrap
  say "building image $1 from Debian packages (a minute or two)"
  local root
  root=$(mktemp -d)
  # shellcheck disable=SC1091
  as_root debootstrap --variant=minbase --include=mariadb-server "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
    "$root" >"$root.log" 2>&1 || give_up "debootstrap failed: see $root.log"
  as_root tar -C "$root" --exclude=./var/cache --exclude=./usr/share/doc --exclude=./usr/share/man -c . |
    docker import --change 'EXPOSE 3306' - "$1-base" >/dev/null
  as_root rm -rf "$root" "$root.log"
  docker build --quiet --tag "$1" --build-arg "BASE=$1-base" tests/containers/image >/dev/null
}

# need_mysql: Oracle's MySQL in a root of its own below the user's cache, made of Debian's packages; no chroot is needed.
need_mysql() {
  local root=${RDSRESTORE_MYSQL_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/rdsrestore/mysql-root} log
  [ -x "$root/usr/sbin/mysqld" ] && return
  need_packages debootstrap=debootstrap
  say "fetching Oracle's MySQL from Debian packages (a minute)"
  mkdir -p "$(dirname "$root")"
  log=$(mktemp)
  as_root rm -rf "$root.part"
  as_root debootstrap --variant=minbase --include=mysql-server-core,mysql-client-core sid "$root.part" \
    >"$log" 2>&1 || give_up "debootstrap failed: see $log"
  as_root rm -rf "$root.part/var/cache/apt" "$root.part/var/lib/apt/lists" "$log"
  as_root mv "$root.part" "$root"
}
