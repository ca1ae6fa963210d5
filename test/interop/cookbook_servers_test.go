//go:build interop

package interop

import (
	"context"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// unprivileged runs programs that refuse to be root.
type unprivileged struct{ credential *syscall.Credential }

// nobody gives a folder to the user nobody, if this is root.
func nobody(t *testing.T, dir string) unprivileged {
	t.Helper()
	if os.Geteuid() != 0 {
		return unprivileged{}
	}
	who, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
	return unprivileged{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// reachable returns the path of a program that other users can run: make interop unpacks some
// below root's home, and then they are copied into dir.
func reachable(t *testing.T, dir, name string) string {
	t.Helper()
	path := program(t, name)
	home, err := os.UserHomeDir()
	if err != nil || !strings.HasPrefix(path, home+"/") || os.Geteuid() != 0 {
		return path
	}
	unpacked := filepath.Dir(filepath.Dir(path))
	copied := filepath.Join(dir, "programs", filepath.Base(unpacked))
	if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(copied); err != nil {
		newCommand(t, program(t, "cp"), nil).want(t, 0, "-a", unpacked, copied)
	}
	if err := os.Chmod(copied, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(copied, "bin", name)
}

func (u unprivileged) command(t *testing.T, path string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env, cmd.Dir = []string{"PATH=" + searchPath(), "LC_ALL=C.UTF-8", "HOME=/"}, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: u.credential, Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (u unprivileged) run(t *testing.T, path string, args ...string) string {
	t.Helper()
	out, err := u.command(t, path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", filepath.Base(path), args, err, out)
	}
	return string(out)
}

// A client logs in over TLS with the password of pgpass.
func TestCookbookPostgreSQL(t *testing.T) {
	_, port, _ := strings.Cut(freeAddress(t), ":")
	r := cook(t, "postgresql", "tls: /etc/postgresql/tls", "tls: ROOT/etc/postgresql/tls", "port: 5432", "port: "+port)
	data := r.path("data")
	initdb := reachable(t, r.root, "initdb")
	as := nobody(t, r.root)
	as.run(t, initdb, "-U", "postgres", "-A", "scram-sha-256", "--pwfile="+r.path("etc/app/pgpass"), "-N", "-D", data)
	settings := strings.Join([]string{
		"include_dir = '" + r.path("etc/postgresql/conf.d") + "'", "hba_file = '" + r.path("etc/postgresql/pg_hba.conf") + "'",
		"listen_addresses = '127.0.0.1'", "port = " + port, "unix_socket_directories = ''",
	}, "\n")
	writePrivate(t, filepath.Join(data, "postgresql.conf"), settings+"\n")
	as = nobody(t, r.root)
	single := as.command(t, reachable(t, r.root, "postgres"), "--single", "-j", "-D", data, "postgres")
	single.Stdin = strings.NewReader("create role app login password '" + strings.ReplaceAll(r.fixtures["pg.app.password"], "'", "''") + "';\n\ncreate database app;\n\n")
	if out, err := single.CombinedOutput(); err != nil || strings.Contains(string(out), "ERROR") {
		t.Fatalf("%v\n%s", err, out)
	}
	server := as.command(t, reachable(t, r.root, "postgres"), "-D", data)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // its children end with it
		_ = server.Wait()
	})
	isReady := reachable(t, r.root, "pg_isready")
	eventually(t, "PostgreSQL is ready", func() bool { return as.command(t, isReady, "-h", "127.0.0.1", "-p", port).Run() == nil })
	psql := as.command(t, reachable(t, r.root, "psql"), "-w", "-X", "-A", "-t", "-c", "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
		"host=localhost port="+port+" dbname=app user=app sslmode=verify-full sslrootcert="+r.path("etc/app/postgresql-ca.crt"))
	psql.Env = append(psql.Env, "PGPASSFILE="+r.path("etc/app/pgpass"))
	if out, err := psql.CombinedOutput(); err != nil || string(out) != "t\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

func listens(t *testing.T, what, port string) {
	t.Helper()
	eventually(t, what+" listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// Users log in with their passwords, and have the rights of the list.
func TestCookbookRedis(t *testing.T) {
	_, port, _ := strings.Cut(freeAddress(t), ":")
	r := cook(t, "redis", "port: 6379", "port: "+port, "dir: /var/lib/redis", "dir: ROOT", "aclfile: /etc", "aclfile: ROOT/etc")
	start(t, exec.CommandContext(t.Context(), program(t, "redis-server"), r.path("etc/redis/redis.conf"), "--save", ""))
	listens(t, "Redis", port)
	cli := newCommand(t, program(t, "redis-cli"), nil, "-p", port, "--no-auth-warning")
	says := func(user, password, want string, words ...string) {
		t.Helper()
		r := cli.run(t, append([]string{"--user", user, "--pass", password}, words...)...)
		if !strings.Contains(r.Stdout+r.Stderr, want) {
			t.Errorf("%s %q: %s%s, want %s", user, words, r.Stdout, r.Stderr, want)
		}
	}
	says("app", r.fixtures["redis.user.app"], "app", "ACL", "WHOAMI")
	says("app", r.fixtures["redis.user.app"], "OK", "SET", "app:x", "1")
	says("app", r.fixtures["redis.user.app"], "NOPERM", "SET", "other", "1")
	says("app", "wrong", "WRONGPASS", "ACL", "WHOAMI")
	says("metrics", r.fixtures["redis.user.metrics"], "redis_version", "INFO")
	says("replica", r.fixtures["redis.replica"], "PONG", "PING")
}

// The server takes the settings and the definitions, and users log in.
func TestCookbookRabbitMQ(t *testing.T) {
	_, port, _ := strings.Cut(freeAddress(t), ":")
	_, dist, _ := strings.Cut(freeAddress(t), ":")
	_, epmd, _ := strings.Cut(freeAddress(t), ":")
	r := cook(t, "rabbitmq", `"5671"`, `"`+port+`"`, "tls: /etc", "tls: ROOT/etc", "definitions: /etc", "definitions: ROOT/etc")
	env := []string{
		"HOME=" + r.root, "RABBITMQ_CONFIG_FILE=" + r.path("etc/rabbitmq/rabbitmq.conf"), "RABBITMQ_MNESIA_BASE=" + r.path("mnesia"),
		"RABBITMQ_LOG_BASE=" + r.path("log"), "RABBITMQ_LOGS=-", "RABBITMQ_NODENAME=cook" + port + "@localhost", "RABBITMQ_ENABLED_PLUGINS_FILE=" + r.path("plugins"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + r.path("generated"), "RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_DIST_PORT=" + dist, "ERL_EPMD_PORT=" + epmd,
	}
	path := program(t, "rabbitmq-server")
	if homes, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "../usr/lib/rabbitmq/lib/rabbitmq_server-*")); len(homes) == 1 {
		env = append(env, "RABBITMQ_HOME="+homes[0])
	}
	server := exec.CommandContext(t.Context(), path)
	server.Env = append([]string{"PATH=" + searchPath()}, env...)
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var log strings.Builder
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-server.Process.Pid, syscall.SIGKILL)
		_ = server.Wait()
		_ = newCommand(t, program(t, "epmd"), env).runContext(t, context.Background(), "", "-kill") // the server has started it
		if t.Failed() {
			t.Log(log.String())
		}
	})
	listens(t, "RabbitMQ", port)
	ctl := newCommand(t, program(t, "rabbitmqctl"), env)
	eventually(t, "RabbitMQ has started", func() bool { return ctl.run(t, "await_startup", "--timeout", "5").Code == 0 })
	for _, who := range []string{"admin", "app"} {
		ctl.want(t, 0, "authenticate_user", who, r.fixtures["mq.user."+who])
	}
	if got := ctl.run(t, "authenticate_user", "app", "wrong"); got.Code == 0 {
		t.Error("a wrong password is taken")
	}
	if out := ctl.want(t, 0, "list_users").Stdout; !strings.Contains(out, "admin\t[administrator]") {
		t.Errorf("users:\n%s", out)
	}
	_ = ctl.run(t, "stop")
}
