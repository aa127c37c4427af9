#!/bin/sh
# Gives a node its secrets in the form and with the owner that it wants, and starts it.
set -eu
umask 077
install -o rabbitmq -g rabbitmq -m 0400 /run/secrets/erlang-cookie /var/lib/rabbitmq/.erlang.cookie
printf 'default_pass = %s\n' "$(cat /run/secrets/broker-admin-password)" \
    > /etc/rabbitmq/conf.d/20-admin.conf
chown rabbitmq: /etc/rabbitmq/conf.d/20-admin.conf
exec docker-entrypoint.sh rabbitmq-server
