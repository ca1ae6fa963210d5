package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// memoryLimit is what a process with a hostile template may take at most.
const memoryLimit = 1 << 30

// What the bounds of a template say.
const (
	saysActions = "the template executes more than 1000000 actions"
	saysTime    = "it runs longer than " // --timeout
	saysMemory  = "the values of the template are larger than 256 MiB together"
	saysOutput  = "the output is larger than 64 MiB"
	saysNested  = "nested more than"
)

// hostileTemplate is a template that asks for more than a machine has.
type hostileTemplate struct {
	name, text string
	says       string // what ends it; where the speed of the machine decides, several with |
}

// inShort reports whether the template is in the short form: one for each bound, and for
// each kind of cost that ends by time.
func (h hostileTemplate) inShort() bool {
	return slices.Contains([]string{
		"keys in a loop", "digests of 16 MB", "a regular expression over 16 MB", "a list in a list 400,000 times",
		"an empty loop over a number", "a template that calls itself", "an include in a loop",
		"text kept in a map", "text that doubles", "much output",
	}, h.name)
}

func hostileTemplates() []hostileTemplate {
	return []hostileTemplate{
		// Reported by users of other renderers.
		{"keys in a loop", `{{range until 1000}}{{$_ := genPrivateKey "rsa"}}{{end}}`, saysActions + "|" + saysTime},
		{"DSA keys", `{{range until 1000}}{{$_ := genPrivateKey "dsa"}}{{end}}`, saysActions + "|" + saysTime},
		{"certificates in a loop", `{{range until 1000}}{{$_ := genCA "x" 1}}{{end}}`, saysActions + "|" + saysTime},
		{"bcrypt in a loop", `{{range until 100000}}{{$_ := bcrypt "x"}}{{end}}`, saysActions + "|" + saysTime},
		{"htpasswd in a loop", `{{range $i := until 100000}}{{$_ := htpasswd "x" (print $i)}}{{end}}`, saysActions + "|" + saysTime},
		{"derivePassword in a loop", `{{range until 100000}}{{$_ := derivePassword 1 "long" "p" "u" "s"}}{{end}}`, saysActions + "|" + saysTime},
		{"digests of 16 MB", `{{$s := repeat 16000000 "x"}}{{range until 100000}}{{$_ := sha256sum $s}}{{end}}`, saysTime},
		{"a list in a list 400,000 times", `{{$x := list}}{{range until 400000}}{{$x = list $x}}{{end}}{{toJson $x}}`, saysTime + "|" + saysNested},
		{"a list in a list 100,000 times", `{{$x := list}}{{range until 100000}}{{$x = list $x}}{{end}}{{toJson $x}}`, saysNested},
		{"append in a loop", `{{$x := list}}{{range until 100000}}{{$x = append $x .}}{{end}}{{len $x}}`, saysTime + "|" + saysMemory},
		{"lists kept in a list", `{{$all := list}}{{range until 10000}}{{$all = append $all (until 10000)}}{{end}}`, saysMemory},

		// Loops and calls with nothing in them.
		{"empty loops", `{{range until 1000000}}{{range until 1000000}}{{end}}{{end}}`, saysActions},
		{"an empty loop over a number", `{{range 2000000000}}{{end}}`, saysActions},
		{"calls of an empty template", `{{define "e"}}{{end}}{{range until 1000}}{{range until 1000}}{{template "e"}}{{end}}{{end}}`, saysActions},
		{"a template that calls itself twice", `{{define "t"}}{{if gt . 0}}{{template "t" (sub . 1)}}{{template "t" (sub . 1)}}{{end}}{{end}}{{template "t" 40}}`, saysActions + "|" + saysTime},
		{"a template that calls itself", `{{define "t"}}{{template "t"}}{{end}}{{template "t"}}`, saysNested},
		{"an include of itself", `{{define "t"}}{{include "t" .}}{{end}}{{include "t" .}}`, saysNested},
		{"an include in a loop", `{{define "t"}}{{repeat 16000000 "x"}}{{end}}{{range until 1000}}{{$_ := include "t" .}}{{end}}`, saysMemory},

		// Values.
		{"text kept in a list", `{{$x := list}}{{range until 1000}}{{$x = append $x (repeat 16000000 "x")}}{{end}}`, saysMemory},
		{"text kept in a map", `{{$x := dict}}{{range $i := until 1000}}{{$_ := set $x (print $i) (repeat 16000000 "x")}}{{end}}`, saysMemory},
		{"a text in parts", `{{$x := list}}{{range until 100}}{{$x = append $x (splitList "," (repeat 8000000 ","))}}{{end}}`, saysMemory},
		{"documents kept", `{{$x := list}}{{$d := print "[" (repeat 900000 "{},") "1]"}}{{range until 100}}{{$x = append $x (fromJson $d)}}{{end}}`, saysMemory},
		{"text that doubles", `{{$s := "xx"}}{{range until 60}}{{$s = print $s $s}}{{end}}`, "a value is larger than 16 MiB|its result would be larger|" + saysMemory},
		{"a regular expression over 16 MB", `{{$s := repeat 16000000 "x"}}{{range until 1000}}{{$_ := regexReplaceAll "(x+x+)+y" $s "z"}}{{end}}`, saysTime + "|" + saysMemory},
		{"sorted lists", `{{$x := until 1000000}}{{range until 1000}}{{$_ := sortAlpha $x}}{{end}}`, saysTime + "|" + saysMemory},

		// Output.
		{"much output", `{{$s := repeat 1000000 "x"}}{{range until 1000}}{{$s}}{{end}}`, saysOutput},
		{"much text of its own", `{{range until 100000}}` + strings.Repeat("x", 10000) + `{{end}}`, saysOutput},
	}
}

// timeout is short where nothing but the time can end the template, and else beyond what any
// machine needs.
func (h hostileTemplate) timeout() string {
	if strings.Contains(h.says, saysTime) {
		return "1s"
	}
	return "10m"
}

// Each hostile template ends by one of its bounds, with a message that tells where, and below
// a gigabyte. Each runs in a process of its own, and tells its memory. HOSTILE_TEMPLATES=all
// (make exhaustive) runs those that are not in the short form too.
func TestHostileTemplatesEnd(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("the race detector takes ten times the time, and memory of its own: make exhaustive runs all templates without it")
	}
	templates := hostileTemplates()
	if os.Getenv("HOSTILE_TEMPLATES") != "all" {
		templates = slices.DeleteFunc(templates, func(h hostileTemplate) bool { return !h.inShort() })
		if len(templates) != 10 {
			t.Errorf("%d templates in the short form, want 10", len(templates))
		}
	}
	rows := make([]string, len(templates))
	t.Run("each", func(t *testing.T) {
		for i, h := range templates {
			t.Run(h.name, func(t *testing.T) {
				t.Parallel()
				rows[i] = h.run(t)
			})
		}
	})
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "template\tseconds\tMiB\texit\tmessage\n%s", strings.Join(rows, ""))
	_ = w.Flush()
	t.Logf("\n%s", &table)
}

// run renders the template and returns its row of the table.
func (h hostileTemplate) run(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file, dest := filepath.Join(dir, "hostile.tmpl"), filepath.Join(dir, "out")
	if err := os.WriteFile(file, []byte(h.text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "credrender-measured", "-c", os.DevNull, "--state-dir", filepath.Join(dir, "state"),
		"--timeout", h.timeout(), "render", file+":"+dest)
	measured := filepath.Join(dir, "memory")
	cmd.Env = append(os.Environ(), memoryEnv+"="+measured)
	begun := time.Now()
	out, _ := cmd.CombinedOutput()
	took, code, memory := time.Since(begun), cmd.ProcessState.ExitCode(), readMemory(t, measured)
	message, _, _ := strings.Cut(string(out), "\n")
	if code != exitUsage || !slices.ContainsFunc(strings.Split(h.says, "|"), func(says string) bool { return strings.Contains(message, says) }) {
		t.Errorf("exit code %d, want %d and %q:\n%s", code, exitUsage, h.says, out)
	}
	if memory > memoryLimit {
		t.Errorf("it took %d MiB, want at most %d", memory>>20, memoryLimit>>20)
	}
	if _, err := os.Stat(dest); err == nil {
		t.Error("it wrote its destination")
	}
	_, message, _ = strings.Cut(message, "hostile.tmpl:")
	return fmt.Sprintf("%s\t%.1f\t%d\t%d\t%s\n", h.name, took.Seconds(), memory>>20, code, message)
}

// memoryEnv names the file to which credrender-measured writes its memory.
const memoryEnv = "MEMORY_FILE"

// measuredMain is the command, which writes at its end how much memory it had at most, in
// bytes. Its parent could not tell: what the kernel counts of a process that was started
// includes the memory of the process that started it.
func measuredMain() {
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	code := a.main(context.Background(), os.Args[1:])
	text, err := os.ReadFile("/proc/self/status")
	var peak int64
	if m := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(text); err == nil && m != nil {
		peak, _ = strconv.ParseInt(string(m[1]), 10, 64)
		peak <<= 10
	} else {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		peak = int64(stats.Sys)
	}
	if err := os.WriteFile(os.Getenv(memoryEnv), []byte(strconv.FormatInt(peak, 10)), 0o600); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func readMemory(t *testing.T, path string) int64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	peak, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || peak == 0 {
		t.Fatalf("no memory was measured: %q, %v", text, err)
	}
	return peak
}
