# Sourced by tools/demo and tools/test: installs what tools/packages.txt lists and this machine lacks.
# Without root it prints the line that installs it and exits with code 4.

ensure_packages() {
  local list missing=() package
  list="$(dirname "${BASH_SOURCE[0]}")/packages.txt"
  while read -r package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done < <(grep -v '^#' "$list")
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "Packages are missing, and installing them takes root. Run this, then try again:" >&2
    echo "  sudo apt-get install -y ${missing[*]}" >&2
    exit 4
  fi
  echo "Installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}
