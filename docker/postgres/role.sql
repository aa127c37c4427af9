-- Runs once, over an empty volume: the bus's own role, which is no superuser, and its database.
\set password `cat /run/secrets/store-password`
CREATE ROLE dispatch_bus LOGIN PASSWORD :'password';
CREATE DATABASE dispatch_bus OWNER dispatch_bus;
REVOKE CONNECT ON DATABASE dispatch_bus FROM PUBLIC;
