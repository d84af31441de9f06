#!/usr/bin/env bash
# Checks everything: installs what is missing (Debian), looks at the sources,
# runs all tests with the race detector, and says at the end what ran and what
# did not. Needs no terminal. Exit 0 only if everything that ran passed.
#
#   LERD_VULNDB    file:// URL or folder of a Go vulnerability database, for
#                  machines that cannot reach the public one
#   LERD_FUZZTIME  e.g. 10s: also runs each fuzz target for that long
set -euo pipefail
[[ ${1:-} == --stories ]] || cd "$(dirname "${BASH_SOURCE[0]}")"
export LC_ALL=C.UTF-8

passed=() failed=() skipped=()

# step NAME COMMAND...: runs a step and remembers how it went.
step() {
  local name=$1 start=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    passed+=("$name ($((SECONDS - start)) s)")
  else
    failed+=("$name ($((SECONDS - start)) s)")
  fi
}

not_run() { skipped+=("$1: $2"); printf '\n== %s: NOT RUN, %s\n' "$1" "$2"; }

have() { command -v "$1" >/dev/null 2>&1; }

have_postgres() {
  [[ -n ${LERD_PG_BIN:-} ]] || have postgres || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

missing_packages() {
  have_postgres || echo postgresql
  have chromium || have chromium-browser || have google-chrome || have google-chrome-stable || echo chromium
  have openssl || echo openssl
  have zip || echo zip
  have unzip || echo unzip
  have 7z || echo p7zip-full
  have qpdf || echo qpdf
  have python3 || printf '%s\n' python3 python3-venv
  have softhsm2-util || echo softhsm2
  have pdftoppm || have mutool || echo poppler-utils
  have clamd || [[ -x /usr/sbin/clamd ]] || echo clamav-daemon # interop/scanners
  have c-icap || printf '%s\n' c-icap libc-icap-mod-virus-scan
  have gcc || have clang || printf '%s\n' gcc libc6-dev # the race detector needs a C compiler
}

install_missing() {
  local packages as_root=()
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]})) || return 0
  if ! have apt-get; then
    echo "Please install: ${packages[*]}" >&2
    exit 2
  fi
  if ((EUID != 0)); then
    if ! have sudo || ! sudo -n true 2>/dev/null; then
      echo "Please install as root: apt-get install ${packages[*]}" >&2
      exit 2
    fi
    as_root=(sudo -n)
  fi
  echo "Installing: ${packages[*]}"
  "${as_root[@]}" apt-get -q update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${packages[@]}"
}

go_files() { git ls-files -- '*.go' 2>/dev/null || find . -name '*.go' -not -path './.*'; }

check_format() {
  local bad
  bad=$(go_files | xargs -r gofmt -l)
  [[ -z $bad ]] || { printf 'not formatted by gofmt:\n%s\n' "$bad"; return 1; }
}

check_static() { go tool -modfile=tools/go.mod staticcheck ./...; }

# A file that names somebody's home or this checkout works on one machine only.
check_paths() {
  local found
  found=$(git grep -nIE '/(home|Users)/[a-z]|/roo[t]/' -- ':!*.min.js' | grep -v '/home/linuxbrew/' || true)
  found+=$(git grep -nIF "$PWD/" || true)
  [[ -z $found ]] || { printf 'absolute paths of one machine:\n%s\n' "$found"; return 1; }
}

build() { mkdir -p bin && go build -o bin/lerd ./cmd/lerd && go build -o bin/lerd-verify ./cmd/lerd-verify; }

start_database() {
  go build -o bin/testdb ./internal/testkit/testdb
  coproc DB { exec bin/testdb; }
  read -r LERD_TEST_DATABASE_URL <&"${DB[0]}" || return 1
  export LERD_TEST_DATABASE_URL
}

stop_database() {
  [[ -n ${DB_PID:-} ]] || return 0
  local pid=$DB_PID
  eval "exec ${DB[1]}>&-"
  wait "$pid" || true
}

# Stories that take minutes. They begin first, each in a process of its own, so that
# nobody waits for one of them at the end.
long='^(TestAScriptedReviewerDecidesAHundredCases|TestSearchingIsNoOracle|TestSideChannels|TestEveryRouteHasAnExpectation|TestTheHostileCorpusAtTheDoor|TestNobodyGetsAnOrderUnrendered|TestEveryPageInEveryLanguage|TestEveryPageFromRightToLeft|TestTheStoryInABrowser|TestPagesReadNoGrowingTable)$'

# The stories of cmd/lerd wait for browsers and databases more than they
# compute: they run in several processes, some tests at a time, beside the
# packages' own tests.
test_all() {
  local out code=0 packages
  out=$(mktemp -d)
  mapfile -t packages < <(go list ./... | grep -v '/cmd/lerd$')
  go test -race -c -o bin/stories.test ./cmd/lerd || return 1
  (cd cmd/lerd && ../../bin/stories.test -test.list .) | grep -E '^(Test|Fuzz|Example)' >"$out/names" || return 1
  (cd cmd/lerd && { grep -E "$long" "$out/names"; grep -Ev "$long" "$out/names" | paste -d ' ' - - - - | sed 's/ *$//'; } |
    xargs -P 3 -L 1 ../../test.sh --stories "$out") &
  local stories=$!
  go test -race -p 2 -timeout 75m "${packages[@]}" || code=1
  wait "$stories" || code=1
  cat "$out"/*.log
  rm -r "$out"
  return "$code"
}

# stories FOLDER TEST...: runs some of the tests of cmd/lerd, in its folder, and
# writes what they said to a file of its own.
stories() {
  local log pattern start=$SECONDS
  log=$(mktemp "$1/XXXXXX.log")
  shift
  pattern="^($(IFS='|'; echo "$*"))\$"
  if ../../bin/stories.test -test.timeout 75m -test.run "$pattern" >"$log" 2>&1; then
    echo "ok  stories ($((SECONDS - start)) s): $*" >"$log"
  else
    echo "FAIL stories ($((SECONDS - start)) s): $*" >>"$log"
    return 1
  fi
}

# The module follows the versions of the one above it (-mod=mod).
# What a tool that cannot be had keeps from running is told as not run.
test_interop() {
  local out code=0
  out=$(mktemp)
  (cd interop && go vet -mod=mod ./... && go test -v -mod=mod -timeout 40m ./...) >"$out" 2>&1 || code=$?
  grep -vE '^ *(=== RUN|--- PASS)' "$out" || true
  mapfile -t -O "${#skipped[@]}" skipped < <(grep -oE 'NOT RUN: .*' "$out" | sed 's/^NOT RUN: /interoperation: /' | sort -u)
  rm -f "$out"
  return "$code"
}

# fuzz_all runs every fuzz target for a while; their seeds run in test_all.
fuzz_all() {
  local package target targets
  for package in $(go list ./...); do
    targets=$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
    for target in $targets; do
      echo "$package $target"
      go test -run '^$' -fuzz "^$target\$" -fuzztime "$LERD_FUZZTIME" "$package" >/dev/null || return 1
    done
  done
}

# check_vulnerabilities gives 0 for none called, 3 for some, 1 where no
# database could be had.
check_vulnerabilities() {
  local db=() code=0
  if [[ -n ${LERD_VULNDB:-} ]]; then
    [[ $LERD_VULNDB == *://* ]] && db=(-db "$LERD_VULNDB") || db=(-db "file://$(realpath "$LERD_VULNDB")")
  fi
  go tool -modfile=tools/go.mod govulncheck "${db[@]}" ./... || code=$?
  return "$code"
}

vulnerabilities() {
  local code=0 start=$SECONDS
  printf '\n== known vulnerabilities\n'
  check_vulnerabilities || code=$?
  case $code in
    0) passed+=("known vulnerabilities ($((SECONDS - start)) s)") ;;
    3) failed+=("known vulnerabilities") ;;
    *) not_run "known vulnerabilities" "it did not come to an end, see above; without a network set LERD_VULNDB" ;;
  esac
}

summary() {
  printf '\n== Summary after %d s\n' "$SECONDS"
  ((${#passed[@]} == 0)) || printf 'passed:  %s\n' "${passed[@]}"
  ((${#skipped[@]} == 0)) || printf 'NOT RUN: %s\n' "${skipped[@]}"
  ((${#failed[@]} == 0)) || printf 'FAILED:  %s\n' "${failed[@]}"
  ((${#failed[@]} == 0))
}

if [[ ${1:-} == --stories ]]; then
  shift
  stories "$@"
  exit
fi
have go || { echo "Please install Go $(sed -n 's/^go //p' go.mod) or later." >&2; exit 2; }
install_missing
step "gofmt" check_format
if git rev-parse --git-dir >/dev/null 2>&1; then
  step "no machine's own paths" check_paths
else
  not_run "no machine's own paths" "this is not a git checkout"
fi
step "go vet" go vet ./...
step "staticcheck" check_static
step "build" build
trap stop_database EXIT
if start_database; then
  step "tests with the race detector" test_all
  if [[ -f interop/go.mod ]]; then step "interoperation with other tools" test_interop; fi
else
  failed+=("tests: no database; see above")
fi
if [[ -x bin/lerd ]] && bin/lerd policy test --help >/dev/null 2>&1; then
  step "cases of the legal processes" bin/lerd policy test
else
  not_run "cases of the legal processes" "there is no lerd policy test"
fi
if [[ -n ${LERD_FUZZTIME:-} ]]; then
  step "fuzzing, $LERD_FUZZTIME each" fuzz_all
else
  not_run "fuzzing beyond the seeds" "LERD_FUZZTIME is not set"
fi
vulnerabilities
summary
