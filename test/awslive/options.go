package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/term"
)

// errRefused is for runs that nobody confirmed. Nothing was made.
var errRefused = errors.New("refused")

// options say what to do, and in which account.
type options struct {
	binary   string
	account  string
	daemon   time.Duration
	interval time.Duration
	clean    string // the prefix of an interrupted run
	// emulated tells that AWS_ENDPOINT_URL leads elsewhere than to AWS, and
	// enforced that policies and grants count there all the same.
	emulated, enforced bool
}

var (
	accountID  = regexp.MustCompile(`^\d{12}$`)
	livePrefix = regexp.MustCompile(`^credrender-live-[0-9a-f]{8}$`)
)

// readOptions reads flags and environment, and asks for what confirms them.
func readOptions(args []string) (options, error) {
	o := options{emulated: os.Getenv("AWS_ENDPOINT_URL") != ""}
	flags := flag.NewFlagSet("awslive", flag.ContinueOnError)
	flags.StringVar(&o.binary, "bin", "bin/credrender", "the `FILE` to try")
	flags.DurationVar(&o.daemon, "daemon", 5*time.Minute, "how long the daemon runs, `DURATION`")
	flags.DurationVar(&o.interval, "interval", 10*time.Second, "how often the daemon checks, `DURATION`")
	flags.StringVar(&o.clean, "clean", "", "only remove what the run with this `PREFIX` made")
	flags.BoolVar(&o.enforced, "enforced", !o.emulated, "policies and grants are enforced, behind AWS_ENDPOINT_URL too")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("%w: %w", errRefused, err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%w: unexpected argument %q", errRefused, flags.Arg(0))
	}
	if o.clean != "" && !livePrefix.MatchString(o.clean) {
		return o, fmt.Errorf("%w: %q is not a prefix of this program (credrender-live-, then 8 hexadecimal digits)", errRefused, o.clean)
	}
	if o.daemon < 4*o.interval {
		return o, fmt.Errorf("%w: the daemon has to run for at least 4 intervals of %s", errRefused, o.interval)
	}
	if os.Getenv("AWS_LIVE") != "1" {
		return o, fmt.Errorf("%w: this makes and removes resources in an AWS account and costs money: set AWS_LIVE=1 and AWS_LIVE_ACCOUNT=ID", errRefused)
	}
	o.account = os.Getenv("AWS_LIVE_ACCOUNT")
	if !accountID.MatchString(o.account) {
		return o, fmt.Errorf("%w: AWS_LIVE_ACCOUNT is %q: set it to the account id, 12 digits", errRefused, o.account)
	}
	return o, nil
}

// confirm takes the account id a second time: from AWS_LIVE_ACCOUNT_AGAIN, or
// from a terminal.
func confirm(o options) error {
	again, set := os.LookupEnv("AWS_LIVE_ACCOUNT_AGAIN")
	if !set {
		if !term.IsTerminal(int(os.Stdin.Fd())) {
			return fmt.Errorf("%w: no terminal to type the account id again: set AWS_LIVE_ACCOUNT_AGAIN=ID", errRefused)
		}
		fmt.Fprint(os.Stderr, "Type the account id again to go on: ")
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		again = strings.TrimSpace(line)
	}
	if again != o.account {
		return fmt.Errorf("%w: the account id was typed as %q, then as %q", errRefused, o.account, again)
	}
	return nil
}
