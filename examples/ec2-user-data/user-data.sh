#!/bin/sh
# EC2 user data for Amazon Linux 2023, Ubuntu, Debian and Alpine: runs once as root, at
# the first boot. Everything on the instance can read it, so it names secrets and holds
# none. ROOT is a folder to run below, for a trial.
set -eu
umask 022
root=${ROOT-}

# The release, and the sums of its archives from the release's SHA256SUMS.
version=1.0.0
case $(uname -m) in
x86_64) arch=amd64 sum=0000000000000000000000000000000000000000000000000000000000000000 ;;
aarch64) arch=arm64 sum=0000000000000000000000000000000000000000000000000000000000000000 ;;
*) echo "user data: no release for $(uname -m)" >&2; exit 1 ;;
esac
url=${ARCHIVE_URL:-https://github.com/credrender/credrender/releases/download/v$version/credrender_${version}_linux_$arch.tar.gz}
sum=${ARCHIVE_SHA256:-$sum}

# Amazon Linux 2023 and minimal images of Debian have no cron, Alpine has no systemd.
if [ -d "$root/run/systemd/system" ]; then
	hook="systemctl --no-block try-restart app"
elif [ -d "$root/etc/crontabs" ]; then
	hook="rc-service --ifstarted app restart"
else
	echo "user data: neither systemd nor /etc/crontabs is here to schedule renders; nothing is installed" >&2
	exit 1
fi

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
if command -v curl >/dev/null; then
	curl -fsSL --retry 5 --retry-connrefused -o "$unpacked/archive" "$url"
else
	wget -q -O "$unpacked/archive" "$url"
fi
got=$(sha256sum "$unpacked/archive")
got=${got%% *}
if [ "$got" != "$sum" ]; then
	{
		echo "user data: $url: wrong checksum; nothing is installed"
		echo "  want SHA-256 $sum"
		echo "  got  SHA-256 $got"
		echo "  of $(wc -c < "$unpacked/archive") bytes that begin with: $(head -c 60 "$unpacked/archive" | tr -cd '[:print:]')"
	} >&2
	exit 1
fi
tar -xzf "$unpacked/archive" -C "$unpacked" # as root, with the modes of the archive
mkdir -p "$root/usr/local/bin" "$root/etc/credrender"
cp "$unpacked/credrender" "$root/usr/local/bin/credrender"

cat > "$root/etc/credrender/credrender.yaml" <<EOF
context: {env: prod, service: app}
jobs:
  - name: app
    src: app.env.tmpl
    dest: /etc/app/app.env
    mode: "0600"
    format: env
    create_dirs: true
    hook: $hook
EOF
cat > "$root/etc/credrender/app.env.tmpl" <<'EOF'
DATABASE_URL={{ printf "postgres://app:%s@db.internal.example.com/app" (secret "app.db.password" | urlquery | replace "+" "%20") | envquote }}
SESSION_KEY={{ secret "app.session.key" | envquote }}
EOF

# The schedule starts before the first render, so that a render that fails is tried again.
if [ -d "$root/run/systemd/system" ]; then
	mkdir -p "$root/etc/systemd/system"
	cp "$unpacked/systemd/credrender-render.service" "$unpacked/systemd/credrender-render.timer" "$root/etc/systemd/system"
	if [ -z "$root" ]; then
		systemctl daemon-reload
		systemctl enable --now --quiet credrender-render.timer
	fi
else
	echo '*/5 * * * * /usr/local/bin/credrender render --splay 2m' >> "$root/etc/crontabs/root"
	if [ -z "$root" ]; then
		rc-update -q add crond default
		rc-service -q crond restart
	fi
fi

# A new role takes some time to be known; nothing else is waited for.
"$root/usr/local/bin/credrender" --config "$root/etc/credrender/credrender.yaml" \
	render --wait 10m ${root:+--root "$root"}
