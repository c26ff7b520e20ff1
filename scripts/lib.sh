# Shell functions for demo and test: each makes sure of one thing and changes nothing when it is there already.
# shellcheck shell=bash

unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX # somebody's own would lead out of .venv

trap 'exit 130' INT # pip answers Ctrl-C by an exit code of its own, which would count as a failure to try again

say() { printf '\033[1m» %s\033[0m\n' "$*" >&2; }
give_up() { printf 'error: %s\n' "$*" >&2; exit 2; }

has() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# may_be_root WHAT: gives up where this user can't become root, and says what root has to do.
may_be_root() {
  [ "$(id -u)" = 0 ] || has sudo || give_up "there is no sudo here; as root: $1; then start this again"
}

# twice COMMAND …: once more where it failed, for networks that fail now and then.
twice() { "$@" || { say "once more: $1 …" && sleep 2 && "$@"; }; }

# missing SUBJECT: names the Debian packages that servers, bastion, python, browser or docker need and this machine has not.
missing() {
  case $1 in
    servers)
      has mysqldump || echo mariadb-client
      has mariadbd || echo mariadb-server-core
      ;;
    bastion)
      has sshd || echo openssh-server
      ;;
    browser)
      has chromium || has chromium-browser || has google-chrome || echo chromium fonts-dejavu-core
      ;;
    python)
      if find_python; then
        makes_environments "$python" || echo "python$("$python" -c 'import sys; print(*sys.version_info[:2], sep=".")')-venv"
      elif has python3; then
        give_up "Python 3.11 or newer is needed, with its venv module; this one is $(python3 --version 2>&1)"
      else
        echo python3 python3-venv
      fi
      ;;
    docker)
      docker info >/dev/null 2>&1 || {
        has dockerd || echo docker.io iptables
        has docker || echo docker-cli
      }
      ;;
  esac
}

# need_packages SUBJECT …: installs what is missing for all of them, in one call of the package manager.
need_packages() {
  local subject names=()
  for subject in "$@"; do
    # shellcheck disable=SC2207 # names of packages have no spaces
    names+=($(missing "$subject")) || exit 2
  done
  [ ${#names[@]} = 0 ] && return
  has apt-get || give_up "please install: ${names[*]} (Debian's names; only Debian and Ubuntu are set up by this script)"
  may_be_root "apt-get update && apt-get install --no-install-recommends ${names[*]}"
  say "installing ${names[*]}"
  # one that was cut off before leaves packages half installed, and apt-get refuses until they are done
  [ -z "$(dpkg --audit 2>/dev/null)$(ls -A /var/lib/dpkg/updates 2>/dev/null)" ] ||
    as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a >/dev/null || say 'dpkg --configure -a complains; going on'
  as_root apt-get update -qq -o Acquire::Retries=3 || say 'apt-get update complains; going on with the lists that are there'
  # older systems have the client in docker.io itself
  [ -n "$(apt-cache madison docker-cli 2>/dev/null)" ] || names=("${names[@]/#docker-cli/docker.io}")
  # the program alone is wanted of it, not a service that lets others in: unmasked again by `systemctl unmask ssh`
  case " ${names[*]} " in *' openssh-server '*) [ ! -d /run/systemd/system ] || as_root systemctl --quiet mask ssh.service ssh.socket ;; esac
  # nothing that is installed makes room: MySQL's own server and MariaDB's exclude each other
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove \
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "${names[@]}" >/dev/null ||
    give_up "apt-get could not install ${names[*]}: install them yourself, then start this again"
}

# find_python: puts into `python` one of 3.11 or newer, which makes virtual environments if there is such a one.
find_python() {
  local each
  python=
  for each in python3.13 python3.12 python3.11 python3.14 python3; do
    "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    makes_environments "$each" && python=$each && return
    python=${python:-$each}
  done
  [ -n "$python" ]
}

makes_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# stamp [--group dev]: tells apart what an environment was made of, and where.
stamp() { echo "$(cat pyproject.toml constraints.txt | sha256sum) $(pwd -P) $*"; }

# sound [--group dev]: whether .venv was made here, of what is wanted now, and works.
sound() {
  local modules=rdsrestore.lab.daemon
  [ $# = 0 ] || modules+=', pytest, xdist'
  case "$(cat .venv/.installed 2>/dev/null)" in "$(stamp "$@")"*) ;; *) return 1 ;; esac
  .venv/bin/rdsrestore --version >/dev/null 2>&1 && .venv/bin/python -I -c "import $modules" 2>/dev/null
}

# need_python [--group dev]: a virtual environment in .venv with the project, its lab and, for dev, the tools. One that
# is broken, half made, or was made elsewhere is made anew.
need_python() {
  local other
  sound "$@" && return
  other=$(find .venv ! -uid "$(id -u)" -printf '%u' -quit 2>/dev/null) || true
  [ "$(id -u)" = 0 ] || [ -z "$other" ] ||
    give_up "$(pwd -P)/.venv has files of $other, so it can't be renewed: sudo rm -rf .venv, then start this again"
  [ -w . ] || give_up "$(id -un) can't write in $(pwd -P): make a clone of your own"
  find_python && makes_environments "$python" || give_up 'Python 3.11 or newer is needed, with its venv module'
  say 'installing rdsrestore into .venv'
  grep -qsF "$(pwd -P)/.venv" .venv/bin/activate && .venv/bin/python -I -m pip --version >/dev/null 2>&1 || new_environment
  fill "$@"
  sound "$@" && return
  say 'making .venv anew: what it has does not work'
  new_environment
  fill "$@"
  sound "$@" || give_up ".venv does not work: see what .venv/bin/rdsrestore --version says"
}

new_environment() {
  rm -rf .venv
  "$python" -m venv .venv
}

# fill [--group dev]: installs into .venv and, once all is there, stamps it.
fill() {
  local pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
  rm -f .venv/.installed
  [ $# = 0 ] || twice "${pip[@]}" install 'pip>=25.1' # knows groups
  twice "${pip[@]}" install --constraint constraints.txt --editable '.[lab]' "$@"
  stamp "$@" >.venv/.installed
}

# need_engine: a Docker engine that answers; where none runs, one is started if that can be done.
need_engine() {
  local said log=/var/log/rdsrestore-dockerd.log tries=0
  said=$(docker info 2>&1) && return
  [ -z "${DOCKER_HOST:-}" ] || give_up "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset the variable"
  case $said in *'ermission denied'*) no_permission ;; esac
  if engine_runs; then
    log='what its own log says'
  elif [ -d /run/systemd/system ]; then
    log='systemctl status docker'
    may_be_root 'systemctl start docker'
    as_root systemctl start docker || true
  else
    may_be_root 'dockerd &'
    say 'starting a Docker engine'
    as_root rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid
    as_root sh -c "setsid dockerd >$log 2>&1 </dev/null &"
  fi
  until said=$(docker info 2>&1); do
    case $said in *'ermission denied'*) [ "$log" = /var/log/rdsrestore-dockerd.log ] || no_permission
      as_root chown "$(id -u)" /var/run/docker.sock ;; # ours, so ours to use
    esac
    tries=$((tries + 1))
    { [ $tries -lt 60 ] && { [ $tries -lt 4 ] || engine_runs; }; } ||
      give_up "no Docker engine starts here (see: $log); the tests that need none: scripts/test --no-containers"
    sleep 0.5
  done
}

engine_runs() { grep -qsx dockerd /proc/[0-9]*/comm; }

no_permission() {
  give_up "a Docker engine runs here, and $(id -un) may not use it: sudo -g $(stat -c %G /var/run/docker.sock 2>/dev/null || echo docker) $0"
}

BASE=(base-files base-passwd bash coreutils dash findutils gawk grep hostname sed)

# need_image NAME SUITE PACKAGE …: an image of a database server out of packages, as `unpack` takes them; no registry of
# images has to be reached.
need_image() {
  local image=$1 suite=$2 root
  shift 2
  docker image inspect "$image" >/dev/null 2>&1 && return
  say "making image $image of packages"
  root=$(mktemp -d)
  unpack "$root" "$suite" "$@" "${BASE[@]}"
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  echo 'mysql:x:999:999::/nonexistent:/bin/false' >>"$root/etc/passwd"
  echo 'mysql:x:999:' >>"$root/etc/group"
  ln -sf dash "$root/usr/bin/sh"
  rm -rf "$root/var/run"
  ln -s /run "$root/var/run"
  mkdir -p "$root/var/lib/mysql" "$root/var/lib/mysql-files" "$root/run/mysqld" "$root/tmp"
  chmod 1777 "$root/var/lib/mysql" "$root/var/lib/mysql-files" "$root/run/mysqld" "$root/tmp" # for any user
  install -D -m 755 tests/containers/image/entrypoint "$root/usr/local/bin/entrypoint"
  tar -C "$root" --owner=0 --group=0 --exclude=./usr/share/doc --exclude=./usr/share/man -c . |
    docker import --change 'EXPOSE 3306' --change 'ENTRYPOINT ["/usr/local/bin/entrypoint"]' - "$image" >/dev/null
  rm -rf "$root"
}

# need_mysql: Oracle's MySQL in a folder of its own below the user's cache, made of Debian's packages (or Ubuntu's).
need_mysql() {
  local root=${RDSRESTORE_MYSQL_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/rdsrestore/mysql-root}
  [ -x "$root/usr/sbin/mysqld" ] && return
  say "fetching Oracle's MySQL"
  # shellcheck disable=SC2046 # words
  unpack "$root" $(mysql_packages)
}

# need_newer_mariadb: a MariaDB that is newer than this machine's own, in the same way; prints its folder, which
# `lab up --server` takes.
need_newer_mariadb() {
  local root=${XDG_CACHE_HOME:-$HOME/.cache}/rdsrestore/mariadb-root
  [ -x "$root/usr/sbin/mariadbd" ] || {
    [ -n "$(mirror)" ] || give_up 'a newer MariaDB is fetched on Debian only'
    say 'fetching a newer MariaDB'
    unpack "$root" trixie mariadb-server-core mariadb-client-core mariadb-client
  }
  echo "$root"
}

# mysql_packages: the suite and packages of Oracle's MySQL: the newest of Debian, elsewhere this system's own.
mysql_packages() {
  if [ -n "$(mirror)" ]; then echo sid mysql-server-core mysql-client-core
  else echo own default-mysql-server-core default-mysql-client-core; fi
}

# mirror: where this system gets Debian from; nothing where it is not Debian.
mirror() { apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 'Created-By: Packages' | sed -n 1p; }

# unpack FOLDER SUITE PACKAGE …: lays packages and all that they need out in FOLDER; the SUITE "own" is this system's.
# Nothing is installed: it takes neither root nor a chroot. An interrupted one leaves FOLDER.part, and is begun anew.
unpack() {
  local folder=$1 suite=$2 part=$1.part deb apt
  shift 2
  has apt-get || give_up "$* can be had on Debian and Ubuntu only"
  rm -rf "$part"
  mkdir -p "$part/lists/partial" "$part/archives/partial" "$part/root/usr/bin" "$part/root/usr/sbin" "$part/root/usr/lib"
  for deb in bin sbin lib; do ln -s "usr/$deb" "$part/root/$deb"; done
  : >"$part/status"
  apt=(apt-get -qq -o "Dir::State=$part" -o "Dir::State::status=$part/status" -o "Dir::Cache=$part")
  apt+=(-o APT::Sandbox::User=root -o Acquire::Retries=3)
  if [ "$suite" != own ]; then
    echo "deb [arch=$(dpkg --print-architecture)] $(mirror) $suite main" >"$part/sources.list"
    apt+=(-o "Dir::Etc::SourceList=$part/sources.list" -o Dir::Etc::SourceParts=/dev/null)
  fi
  twice "${apt[@]}" update
  twice "${apt[@]}" install --yes --no-install-recommends --download-only "$@" >/dev/null ||
    give_up "can't be fetched from this system's package sources: $*"
  for deb in "$part"/archives/*.deb; do dpkg-deb --extract "$deb" "$part/root"; done
  mkdir -p "$(dirname "$folder")"
  rm -rf "$folder"
  mv "$part/root" "$folder"
  rm -rf "$part"
}
