#!/usr/bin/env bash
# The familiar front: one container or virtual environment, named by the environment.
#
#   TARGET_HOST=operator@control1.example.org CONTAINER_NAME=nova_api upgrade/deploy_to_containers.sh
#
#   TARGET_HOST         the host, with the user of the ssh login
#   CONTAINER_NAME      the container; without it, the host's own files
#   NOVA_SITE_PACKAGES  the folder that holds nova (a container: default, its Python is asked)
#   BACKUP_DIR          where backups go on this machine (backups)
#   CONTAINER_ENGINE    podman (the default) or docker
#   SERVICE_ROLE, RESTART_COMMAND, HEALTH_COMMAND, SETTLE, TIMEOUT, SSH_OPTIONS, STATE_DIR
#                       as role, restart, health, settle, timeout, ssh_options and state_dir there
#
# Without arguments it checks, applies and verifies. An argument is a command of xloud-upgrade: check,
# plan, apply, verify, status, backups, rollback. Several hosts need an inventory: upgrade/README.md.
set -euo pipefail
front="$(dirname "$(readlink -f "$0")")/xloud-upgrade"

if [ -z "${TARGET_HOST:-}" ]; then
    echo 'deploy_to_containers.sh: TARGET_HOST is not set; the head of this file has an example' >&2
    exit 2
fi
case "${1:-}" in
    '' | -*)
        "$front" check "$@"
        "$front" apply "$@"
        exec "$front" verify "$@"
        ;;
esac
exec "$front" "$@"
