#!/bin/sh
# Makes the secrets that compose.yaml mounts, each at random; those that are there stay.
#
# The folder is closed to everybody else on this machine. The files in it are not, because each
# container reads the few that it is given as a user of its own.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"
for name in store-password postgres-password broker-admin-password erlang-cookie \
    gateway-token grafana-password; do
    test -s "$folder/$name" || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$folder/$name"
    chmod 444 "$folder/$name"
done
