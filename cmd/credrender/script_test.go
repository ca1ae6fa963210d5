package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/credrender/credrender/internal/txn/fsys"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/fsystest"
)

// The scripts run the command inside this test binary, as a process of its
// own, against an AWS that every script has to itself and reaches through the
// SDK's variables. `UPDATE_SCRIPTS=1 go test ./cmd/credrender` rewrites their
// expectations.

func TestMain(m *testing.M) {
	// Tests mostly wait: for processes, syncs and timeouts. A -parallel on the
	// command line overrides this.
	err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0)))
	if err = errors.Join(err, os.Setenv(endAtOnce())); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"credrender":          start,
		"credstash":           start, // a link of that name
		"credsmash":           start,
		"credrender-nobody":   nobodyMain,
		"credrender-crash":    crashMain,
		"credrender-hostile":  hostileMain,
		"credrender-measured": measuredMain,
		"credrender-nochmod":  nochmodMain,
		"credrender-chaos":    chaosMain,
		"credrender-patient":  patientMain,
		"credrender-shown":    shownMain,
	})
}

// patientMain is the command whose completion waits as long as a busy machine needs.
func patientMain() {
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	a.completionTime = time.Minute
	os.Exit(a.main(context.Background(), os.Args[1:]))
}

// nochmodMain is the command on a file system that ignores chmod, as exfat and
// ntfs-3g do.
func nochmodMain() {
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	a.fs = &fsystest.Hook{FS: fsys.OS{}, Before: func(op fsystest.Op) error {
		if op.Name == "chmod" {
			return fsystest.ErrSkip
		}
		return nil
	}}
	os.Exit(a.main(context.Background(), os.Args[1:]))
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Files:               scripts(t),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:               setupScript,
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "setpriv":
				_, err := exec.LookPath("setpriv")
				return err == nil, nil
			case "chattr": // tmpfs and others have no attributes
				return exec.Command("sh", "-c", `f=$(mktemp) && chattr +i "$f" && chattr -i "$f"; rc=$?; rm -f "$f"; exit $rc`).Run() == nil, nil
			case "unshare": // containers seldom allow mounts
				return exec.Command("unshare", "-m", "true").Run() == nil, nil
			case "pidns":
				return exec.Command("unshare", "--pid", "--fork", "--mount-proc", "true").Run() == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"aws":     cmdAWS,
			"asked":   cmdAsked,
			"calls":   cmdCalls,
			"mode":    cmdMode,
			"canary":  cmdCanary,
			"fill":    cmdFill,
			"waitfor": cmdWaitFor,
			"signal":  cmdSignal,
			"memory":  cmdMemory,
			"starve":  cmdStarve,
			"speak":   cmdSpeak,
			"fetch":   cmdFetch,
			"notify":  cmdNotify,
			"store":   cmdStore,
			"expand":  cmdExpand,
			"plant":   cmdPlant,
			"param":   cmdParam,
			"managed": cmdManaged,
			"object":  cmdObject,
			"sneaker": cmdSneaker,
			"biscuit": cmdBiscuit,
			"fact":    cmdFact,
			"sent":    cmdSent,
		},
	})
}

// scripts returns the scripts. Those that wait for clocks come first: at the end one
// would wait alone, with nothing else to run.
func scripts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts: %v", len(files), err)
	}
	var first, later []string
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if waits.Match(text) {
			first = append(first, path)
		} else {
			later = append(later, path)
		}
	}
	return append(first, later...)
}

var waits = regexp.MustCompile(`\bsleep [1-9]|aws delay|aws down|@every [1-9]s|timeout[ :][1-9]+s`)

type (
	serverKey struct{}
	healKey   struct{} // *[]func(): what takes faults away again
	heldKey   struct{} // *sync.Map: names in requests that aws delay holds, which the fake counts once they are answered
)

// endAtOnce keeps programs that were built with the race detector from waiting
// a second for further reports before each of them exits
// (https://go.dev/doc/articles/race_detector#Options).
func endAtOnce() (name, value string) { return "GORACE", "atexit_sleep_ms=0" }

func setupScript(e *testscript.Env) error {
	srv := awsfake.New(awsfake.Options{Principals: principals()})
	e.Defer(srv.Close)
	e.Values[serverKey{}], e.Values[healKey{}], e.Values[heldKey{}] = srv, &[]func(){}, &sync.Map{}
	e.Vars = append(e.Vars, srv.Env()...)
	e.Setenv(endAtOnce())
	if err := setupField(e); err != nil {
		return err
	}
	e.Setenv("CREDRENDER_STATE_DIR", filepath.Join(e.WorkDir, ".state"))
	e.Setenv("RUNTIME_DIRECTORY", filepath.Join(e.WorkDir, ".run"))
	e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, ".data"))
	e.Setenv("CREDRENDER_LOCAL_KEY", filepath.Join(e.WorkDir, ".data", "store.key"))
	e.Setenv("AWS_MAX_ATTEMPTS", "2") // a lost connection is not what a script is about
	// Root's configs have to lie where nobody else can write.
	return os.Chmod(e.WorkDir, 0o755)
}

func server(ts *testscript.TestScript) *awsfake.Server {
	return ts.Value(serverKey{}).(*awsfake.Server)
}

// cmdStore makes an empty store of the kind: store local|aws.
func cmdStore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: store local|aws")
	}
	kind := map[string]string{"local": "local", "aws": "dynamodb"}[args[0]]
	ts.Setenv("CREDRENDER_STORE", kind)
	ts.Check(ts.Exec("credrender", "setup"))
}

// cmdExpand writes the script's folder into files in place of $WORK, and
// the PATH for $PATHS:
// destinations are absolute.
func cmdExpand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE...")
	}
	for _, name := range args {
		text := strings.NewReplacer("$WORK", ts.Getenv("WORK"), "$PATHS", ts.Getenv("PATH")).Replace(ts.ReadFile(name))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// principals are roles that scripts can be, by the access key
// AKIA and the role's name in capitals.
func principals() map[string]string {
	return map[string]string{"AKIAWEB": roleARN("web"), "AKIADB": roleARN("db")}
}

func roleARN(name string) string { return "arn:aws:iam::" + awsfake.Account + ":role/" + name }

// cmdAWS limits what roles may do, and makes requests fail: aws fail SERVICE OPERATION CODE [NAME], until aws
// heal; aws down breaks off every connection.
func cmdAWS(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case len(args) == 1 && args[0] == "down":
		server(ts).Fail(awsfake.Rule{Reset: true})
	case len(args) == 1 && args[0] == "heal":
		for _, remove := range *ts.Value(healKey{}).(*[]func()) {
			remove()
		}
	case len(args) >= 2 && args[0] == "restrict":
		var policies [][]byte
		for _, name := range args[2:] {
			policies = append(policies, []byte(ts.ReadFile(name)))
		}
		ts.Check(server(ts).Restrict(roleARN(args[1]), policies...))
	case len(args) == 2 && args[0] == "expire":
		server(ts).Fail(awsfake.Rule{Code: "ExpiredTokenException", Match: func(r awsfake.Request) bool { return r.AccessKey == args[1] }})
	case len(args) >= 4 && args[0] == "delay":
		d, err := time.ParseDuration(args[3])
		ts.Check(err)
		r := awsfake.Rule{Service: args[1], Operation: args[2], Delay: d}
		if len(args) > 4 {
			r.Name = args[4]
		}
		held := ts.Value(heldKey{}).(*sync.Map)
		r.Match = func(r awsfake.Request) bool { held.Store(r.Name, true); return true }
		faults := ts.Value(healKey{}).(*[]func())
		*faults = append(*faults, server(ts).Fail(r))
	case len(args) >= 4 && args[0] == "fail":
		r := awsfake.Rule{Service: args[1], Operation: args[2], Code: args[3], Message: "made up by the fake"}
		if len(args) > 4 {
			r.Name = args[4]
		}
		faults := ts.Value(healKey{}).(*[]func())
		*faults = append(*faults, server(ts).Fail(r))
	default:
		ts.Fatalf("usage: aws down | aws heal | aws expire KEY | aws restrict ROLE [POLICY]... | aws delay SERVICE OPERATION DURATION [NAME] | aws fail SERVICE OPERATION CODE [NAME]")
	}
}

// cmdAsked checks that a secret was asked for, or with ! that it was not. asked soon
// waits for the request.
func cmdAsked(ts *testscript.TestScript, neg bool, args []string) {
	waits := len(args) == 2 && args[0] == "soon" && !neg
	if len(args) != 1 && !waits {
		ts.Fatalf("usage: [!] asked NAME | asked soon NAME")
	}
	name := args[len(args)-1]
	isAsked := func() bool {
		_, held := ts.Value(heldKey{}).(*sync.Map).Load(name)
		return held && waits || slices.ContainsFunc(server(ts).Requests(), func(r awsfake.Request) bool {
			return r.Name == name && (r.Operation == "Query" || r.Operation == "GetItem")
		})
	}
	for deadline := time.Now().Add(time.Minute); waits && !isAsked() && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if found := isAsked(); found == neg {
		ts.Fatalf("asked for %s: %v", name, found)
	}
}

// cmdCalls checks how many requests a service was asked since the last calls
// forget: calls N SERVICE OPERATION; "" is any.
func cmdCalls(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case neg || len(args) != 1 && len(args) != 3:
		ts.Fatalf("usage: calls forget | calls N SERVICE OPERATION")
	case len(args) == 1:
		server(ts).Forget()
		ts.Value(heldKey{}).(*sync.Map).Clear()
	default:
		if got := strconv.Itoa(server(ts).Count(args[1], args[2])); got != args[0] {
			ts.Fatalf("%s requests of %s %s, want %s", got, args[1], args[2], args[0])
		}
	}
}

// cmdMode checks permission bits: mode 0600 FILE.
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode MODE FILE")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm(); got != os.FileMode(want) {
		ts.Fatalf("%s has mode %04o, want %04o", args[1], got, want)
	}
}

// cmdCanary fails if a text is in what the last command printed, or in any
// file of the state directory.
func cmdCanary(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: canary TEXT...")
	}
	places := map[string]string{"stdout": ts.ReadFile("stdout"), "stderr": ts.ReadFile("stderr")}
	_ = filepath.WalkDir(ts.MkAbs(".state"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			places[path] = ts.ReadFile(path)
		}
		return nil
	})
	for where, text := range places {
		for _, c := range args {
			if strings.Contains(text, c) {
				ts.Fatalf("%s is in %s", c, where)
			}
		}
	}
}

// cmdFill makes a file of N bytes of text: fill FILE N.
func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill FILE BYTES")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	line := strings.Repeat("0123456789abcdef", 4)[:63] + "\n"
	text := strings.Repeat(line, n/len(line)+1)[:n]
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// cmdWaitFor waits until a file is there, and has a text in it, for what goes on
// in the background.
func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 && len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE [TEXT]")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && (len(args) == 1 || strings.Contains(string(data), args[1])) {
			return
		}
		_ = sleep(ctx, 10*time.Millisecond)
	}
	ts.Fatalf("%q did not appear", args)
}
