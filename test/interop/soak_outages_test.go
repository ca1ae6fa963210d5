//go:build interop

package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
)

const soakJobs = 4

// soak is a daemon with several jobs. Each hook records the value that it finds in the file.
type soak struct {
	aws         *awsLink
	put         command
	daemon      *soakDaemon
	dir         string
	credentials string
	keys        int
	newest      [soakJobs]int // the number of each job's newest value
	made        int
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	dir := t.TempDir()
	k := &soak{aws: newAWSLink(t), dir: dir, credentials: filepath.Join(dir, "credentials")}
	k.put = newCommand(t, binary, k.aws.fake.Env(), "--config", os.DevNull)
	k.put.want(t, 0, "setup")
	k.writeCredentials(t)
	config := "schedule: \"@every 1s\"\njobs:\n"
	for i := range soakJobs {
		k.change(t, i)
		config += fmt.Sprintf("  - {name: job%[1]d, content: '{{ secret \"soak.%[1]d\" }}', dest: %[2]s/file%[1]d, hook: 'cat %[2]s/file%[1]d >>%[2]s/hooks%[1]d && echo >>%[2]s/hooks%[1]d'}\n", i, dir)
	}
	env := []string{
		"AWS_ENDPOINT_URL=http://" + k.aws.address, "AWS_REGION=" + awsfake.Region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + k.credentials,
	}
	k.daemon = startSoakDaemon(t, newCommand(t, binary, env, "--config", writeFile(t, dir, "credrender.yaml", config),
		"--state-dir", filepath.Join(dir, "state"), "--timeout", "5s"))
	k.waitForAll(t)
	return k
}

// change stores a new value of a job's secret: a number that counts up.
func (k *soak) change(t *testing.T, job int) {
	t.Helper()
	k.newest[job]++
	k.made++
	k.put.want(t, 0, "put", fmt.Sprintf("soak.%d", job), strconv.Itoa(k.newest[job]))
}

// hooks returns the values that the hook of a job saw, in order.
func (k *soak) hooks(t *testing.T, job int) (seen []int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(k.dir, fmt.Sprintf("hooks%d", job)))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.FieldsSeq(string(text)) {
		n, err := strconv.Atoi(line)
		if err != nil {
			t.Fatalf("the hook of job%d saw %q", job, line)
		}
		seen = append(seen, n)
	}
	return seen
}

// waitForAll waits until the hook of each job has run with its newest value.
func (k *soak) waitForAll(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute) // as long as the daemon's longest pause
	for job := range soakJobs {
		for seen := k.hooks(t, job); len(seen) == 0 || seen[len(seen)-1] != k.newest[job]; seen = k.hooks(t, job) {
			if time.Now().After(deadline) {
				t.Fatalf("job%d: the hooks saw %v, and value %d is missing", job, seen, k.newest[job])
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// outageResult is what the test measured in one outage.
type outageResult struct {
	recovery      time.Duration
	lines         int
	seenMeanwhile int
	repeated      []string
}

// suffer begins an outage, changes each secret once and the first one twice, and
// ends the outage after the given time.
func (k *soak) suffer(t *testing.T, o outage, length time.Duration) (r outageResult) {
	t.Helper()
	before := k.count(t)
	offset := k.daemon.log.length()
	end := o.begin(t)
	for job := range soakJobs {
		k.change(t, job)
	}
	time.Sleep(length / 2)
	k.change(t, 0)
	time.Sleep(length / 2)
	r.seenMeanwhile = k.count(t) - before
	end()
	ended := time.Now()
	k.waitForAll(t)
	r.recovery = time.Since(ended)
	r.lines, r.repeated = countLines(k.daemon.log.since(offset))
	for _, line := range r.repeated {
		t.Errorf("%s: logged again: %s", o.name, line)
	}
	if r.seenMeanwhile > 0 && !o.goesOn {
		t.Errorf("%s: %d changes were seen during the outage", o.name, r.seenMeanwhile)
	}
	return r
}

func (k *soak) count(t *testing.T) (n int) {
	t.Helper()
	for job := range soakJobs {
		n += len(k.hooks(t, job))
	}
	return n
}

var (
	logStamp     = regexp.MustCompile(`^\S+Z (run=\S+ )?`)
	logNumbers   = regexp.MustCompile(`\b[0-9]+\b`)
	logChanges   = regexp.MustCompile(`: (created|updated) `)
	logMayRepeat = regexp.MustCompile(`hint: |ticks were skipped`)
	logNews      = regexp.MustCompile(`: (created|updated) |: ran hook `)
)

// countLines counts the log's lines without those about changes and hooks. It
// returns lines that repeat an earlier one, ignoring numbers. Several jobs may
// get the same hint, and every long run skips ticks.
func countLines(log string) (n int, repeated []string) {
	seen := map[string]bool{}
	for line := range strings.Lines(log) {
		if logNews.MatchString(line) {
			continue
		}
		n++
		plain := logNumbers.ReplaceAllString(logStamp.ReplaceAllString(line, ""), "N")
		if seen[plain] && !logMayRepeat.MatchString(plain) {
			repeated = append(repeated, strings.TrimSpace(line))
		}
		seen[plain] = true
	}
	return n, repeated
}

// TestSoakOutages lets AWS fail in every way in turn while secrets change. No
// change is lost, no hook runs twice, the daemon does not grow, and it logs each
// outage once.
func TestSoakOutages(t *testing.T) {
	whole := soakTime(t)
	length := 10 * time.Second
	if whole == 0 {
		t.Parallel()
		length = 2 * time.Second
	}
	started := time.Now()
	k := newSoak(t)
	results := map[string][]outageResult{}
	for round := 0; round == 0 || time.Since(started) < whole; round++ {
		for _, o := range k.outages() {
			r := k.suffer(t, o, length)
			results[o.name] = append(results[o.name], r)
			k.change(t, round%soakJobs) // and one in good times
			k.waitForAll(t)
			k.aws.fake.Forget()
		}
	}
	k.expectHooks(t)
	k.daemon.expectFlat(t)
	k.report(t, results, length, time.Since(started))
}

// expectHooks fails if a hook ran twice for one value or for an old one: values
// only count up. waitForAll has already checked that hooks saw the newest.
func (k *soak) expectHooks(t *testing.T) {
	t.Helper()
	for job := range soakJobs {
		seen := k.hooks(t, job)
		for i := 1; i < len(seen); i++ {
			if seen[i] <= seen[i-1] {
				t.Errorf("job%d: its hook ran with value %d after %d", job, seen[i], seen[i-1])
			}
		}
	}
}

func (k *soak) report(t *testing.T, results map[string][]outageResult, length, took time.Duration) {
	t.Helper()
	var rows [][]string
	for _, o := range k.outages() {
		all := results[o.name]
		longest, seenMeanwhile := time.Duration(0), 0
		for _, r := range all {
			longest, seenMeanwhile = max(longest, r.recovery), seenMeanwhile+r.seenMeanwhile
		}
		rows = append(rows, []string{
			o.name, strconv.Itoa(len(all)), strconv.Itoa(len(all) * (soakJobs + 1)), strconv.Itoa(seenMeanwhile),
			fmt.Sprintf("%.1f s", median(all, func(r outageResult) float64 { return r.recovery.Seconds() })),
			fmt.Sprintf("%.1f s", longest.Seconds()),
			strconv.Itoa(median(all, func(r outageResult) int { return r.lines })),
		})
	}
	start, peak, end := k.daemon.sizes()
	updates := 0
	eventually(t, "the log tells of as many files as there were hooks", func() bool {
		updates = len(logChanges.FindAllString(k.daemon.log.since(0), -1))
		return updates == k.count(t)
	})
	t.Logf("outages of %s, %d jobs, %s in all\n\n%s\n%s", length, soakJobs, took.Round(time.Second),
		soakTable("| outage | times | changes made | seen meanwhile | recovered after (median) | longest | log lines (median) |", rows),
		soakTable("| the daemon | start | peak | end |", [][]string{
			{"file descriptors", strconv.Itoa(start.files), strconv.Itoa(peak.files), strconv.Itoa(end.files)},
			{"memory (RSS)", mebibytes(start.kib), mebibytes(peak.kib), mebibytes(end.kib)},
		}))
	t.Logf("%d changes made; %d files written, %d hooks run; %d values replaced by newer ones before a check could see them",
		k.made, updates, k.count(t), k.made-k.count(t))
}

func mebibytes(kib int) string { return fmt.Sprintf("%.1f MiB", float64(kib)/1024) }
