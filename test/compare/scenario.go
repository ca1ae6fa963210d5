package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// scenario is one thing that goes wrong.
type scenario struct {
	title string
	want  string // what an operator would like to see
	play  func(*stage) outcome
}

// outcome is what a program did about it.
type outcome struct {
	good bool
	text string
}

func judge(good bool, format string, args ...any) outcome {
	return outcome{good, fmt.Sprintf(format, args...)}
}

func scenarios() []scenario {
	return []scenario{
		{"a hook fails; its cause is gone at the next run, and no file changes", "the next run runs it", hookFails},
		{"killed after the renames, before the hook has done its work", "the next run runs it", killed},
		{"a hook fails; the next run's configuration has another one", "the new one is run", hookChanged},
		{"two files with one hook", "both files first, then the hook once", twoFiles},
		{"the second of two templates cannot be executed", "neither file changes", renderError},
		{"the second of two destinations cannot be written (a directory is there)", "neither file changes", writeError},
		{"a check of the staged file refuses it", "the old file stays, no hook", checkRefuses},
		{"a verify of the files in place refuses them", "the old file is back, no hook", verifyRefuses},
		{"the stated mode has drifted (0600 became 0644)", "0600 again, without the hook", drift},
		{"the destination is a symbolic link", "the file behind it is new, the link stays", symlink},
		{"the same in a directory that anybody can write", "nothing outside that directory changes", hostileLink},
		{"a hook leaves a child in the background that holds its output open for 6 s", "the run does not wait for it", background},
		{"a hook (for the shell) runs into its time-out of 1 s with a child of its own", "the child is ended too", grandchildShell},
		{"the same with a hook that is a list", "the child is ended too", grandchildList},
		{"a hook prints the value and fails", "the value is not shown", hookPrints},
	}
}

func (s *stage) app() file { return file{dest: s.path("app.conf")} }

// logHook tells the log, if ready is there.
const logHook = "test -e %[1]s/ready && echo told >> %[1]s/log"

func hookFails(s *stage) outcome {
	s.configure(setup{files: []file{s.app()}, hook: command{shell: fmt.Sprintf(logHook, s.dir)}})
	first := s.render("one")
	s.write("ready", "")
	second := s.render("one")
	return judge(s.told() == 1, "%v, then %v; the hook %s", first, second, times(s.told()))
}

func killed(s *stage) outcome {
	s.write("kill", "")
	hook := fmt.Sprintf("if rm %[1]s/kill 2>/dev/null; then kill -9 $PPID; exit 1; fi; echo told >> %[1]s/log", s.dir)
	s.configure(setup{files: []file{s.app()}, hook: command{shell: hook}})
	first := s.render("one")
	second := s.render("one")
	return judge(s.told() == 1, "%v, then %v; the hook %s", first, second, times(s.told()))
}

func hookChanged(s *stage) outcome {
	s.configure(setup{files: []file{s.app()}, hook: command{shell: "exit 1"}})
	first := s.render("one")
	s.configure(setup{files: []file{s.app()}, hook: command{shell: fmt.Sprintf("echo told >> %s/log", s.dir)}})
	second := s.render("one")
	return judge(s.told() == 1, "%v, then %v; the new hook %s", first, second, times(s.told()))
}

func (s *stage) pair() []file {
	return []file{{dest: s.path("one.conf")}, {dest: s.path("two.conf")}}
}

func twoFiles(s *stage) outcome {
	hook := fmt.Sprintf("echo $(cat %[1]s/one.conf %[1]s/two.conf) >> %[1]s/log", s.dir)
	s.configure(setup{files: s.pair(), hook: command{shell: hook}})
	s.render("old")
	_ = os.Remove(s.path("log"))
	s.render("new")
	saw := s.read("log")
	return judge(saw == "new new", "the hook %s and saw %q", times(s.told()), saw)
}

func renderError(s *stage) outcome {
	files := s.pair()
	files[1].fails = true
	s.configure(setup{files: files})
	s.render("old")
	r := s.render("bad")
	one, two := s.read("one.conf"), s.read("two.conf")
	return judge(one == "old" && two == "old", "%v; %s", r, pairIs(one, two))
}

func writeError(s *stage) outcome {
	s.configure(setup{files: s.pair()})
	s.render("old")
	s.note(os.Remove(s.path("two.conf")))
	s.mkdir("two.conf", 0o755)
	r := s.render("new")
	one := s.read("one.conf")
	return judge(one == "old", "%v; the first file is %s", r, one)
}

func checkRefuses(s *stage) outcome {
	return refused(s, setup{check: "! grep -q bad {{.src}}"})
}

func verifyRefuses(s *stage) outcome {
	return refused(s, setup{verify: fmt.Sprintf("! grep -q bad %s", s.path("app.conf"))})
}

func refused(s *stage, c setup) outcome {
	has := ""
	if !s.tool.can(c) {
		has, c = "has no such thing: ", setup{}
	}
	c.files, c.hook = []file{s.app()}, command{shell: fmt.Sprintf("echo told >> %s/log", s.dir)}
	s.configure(c)
	s.render("good")
	r := s.render("bad")
	is := s.read("app.conf")
	return judge(is == "good" && s.told() == 1, "%s%v; the %s file is in place, the hook %s", has, r, is, times(s.told()-1))
}

func drift(s *stage) outcome {
	f := s.app()
	f.mode = "0600"
	s.configure(setup{files: []file{f}, hook: command{shell: fmt.Sprintf("echo told >> %s/log", s.dir)}})
	s.render("one")
	s.note(os.Chmod(f.dest, 0o644))
	r := s.render("one")
	info, err := os.Stat(f.dest)
	s.note(err)
	if err != nil {
		return outcome{}
	}
	mode := info.Mode().Perm()
	return judge(mode == 0o600 && s.told() == 1, "%v; mode %04o, the hook %s", r, mode, times(s.told()-1))
}

func symlink(s *stage) outcome {
	s.write("real.conf", "old\n")
	s.note(os.Symlink("real.conf", s.path("app.conf")))
	s.configure(setup{files: []file{s.app()}})
	r := s.render("new")
	link := isLink(s.path("app.conf"))
	return judge(link && s.read("real.conf") == "new", "%v; %s, the file behind it is %s", r, linkIs(link), s.read("real.conf"))
}

func hostileLink(s *stage) outcome {
	s.mkdir("open", 0o777)
	s.write("real.conf", "old\n")
	s.note(os.Symlink("../real.conf", s.path("open/app.conf")))
	s.configure(setup{files: []file{{dest: s.path("open/app.conf")}}})
	r := s.render("new")
	return judge(s.read("real.conf") == "old", "%v; %s, the file outside is %s", r, linkIs(isLink(s.path("open/app.conf"))), s.read("real.conf"))
}

func background(s *stage) outcome {
	s.configure(setup{files: []file{s.app()}, hook: command{shell: fmt.Sprintf("{ sleep 6; touch %s/ended; } & echo started", s.dir)}})
	r := s.render("one")
	waited := s.read("ended") != "(none)"
	return judge(!waited, "%v; it %s", r, map[bool]string{true: "waited for the child", false: "did not wait"}[waited])
}

func grandchildShell(s *stage) outcome {
	return grandchild(s, command{shell: s.long()})
}

func grandchildList(s *stage) outcome {
	return grandchild(s, command{args: []string{"sh", "-c", s.long()}})
}

func (s *stage) long() string { return fmt.Sprintf("sleep 600 & echo $! > %s/pid; wait", s.dir) }

func grandchild(s *stage, hook command) outcome {
	c := setup{files: []file{s.app()}, hook: hook, timeout: time.Second}
	if !s.tool.can(c) {
		return outcome{text: "has no such thing"}
	}
	s.configure(c)
	r := s.render("one")
	pid, err := strconv.Atoi(s.read("pid"))
	s.note(err)
	if err != nil {
		return outcome{}
	}
	alive := lives(pid)
	if alive {
		s.note(syscall.Kill(pid, syscall.SIGKILL))
	}
	return judge(!alive, "%v; the child is %s", r, map[bool]string{true: "alive", false: "gone"}[alive])
}

// lives reports whether a process is there, and does not end within a second.
func lives(pid int) bool {
	for range 20 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, state, _ := strings.Cut(string(stat), ") ")
		if err != nil || strings.HasPrefix(state, "Z") {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	return true
}

func hookPrints(s *stage) outcome {
	const value = "hunter2-hunter2"
	s.configure(setup{files: []file{s.app()}, hook: command{shell: fmt.Sprintf("cat %s; exit 1", s.path("app.conf"))}})
	r := s.render(value)
	shown := strings.Contains(r.output, value)
	return judge(!shown, "%v; the value is %s", r, map[bool]string{true: "in the program's output", false: "not in the output"}[shown])
}
