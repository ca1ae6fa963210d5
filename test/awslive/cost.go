package main

import "time"

// Prices in US dollars, us-east-1, November 2026; other regions are up to twice
// as dear. Sources: https://aws.amazon.com/kms/pricing/,
// https://aws.amazon.com/dynamodb/pricing/on-demand/,
// https://aws.amazon.com/secrets-manager/pricing/,
// https://aws.amazon.com/s3/pricing/. IAM, STS and standard parameters of
// Parameter Store are free.
const (
	keyMonth    = 1.00
	keyCall     = 0.03 / 10_000
	readUnit    = 0.125 / 1_000_000
	writeUnit   = 0.625 / 1_000_000
	secretMonth = 0.40
	secretCall  = 0.05 / 10_000
	putCall     = 0.005 / 1_000
	getCall     = 0.0004 / 1_000
	gbMonth     = 0.25 + 0.20 // a table's storage, and its point-in-time recovery
)

// bound is the most that a run asks for. Waiting for a grant to spread takes
// up to 60 tries, twice.
type bound struct {
	keyCalls, reads, writes, secretCalls, gets, puts float64
}

func boundOf(daemon, interval time.Duration) bound {
	ticks := float64(daemon/interval) + 1
	return bound{
		keyCalls: 500 + 10*ticks, reads: 2_000 + 100*ticks, writes: 1_000,
		secretCalls: 200 + 5*ticks, gets: 200 + 5*ticks, puts: 100,
	}
}

// ceilings returns what a run costs at most: one that cleans up within an
// hour, and each month of one that never does.
func ceilings(daemon, interval time.Duration) (run, month float64) {
	b := boundOf(daemon, interval)
	calls := b.keyCalls*keyCall + b.reads*readUnit + b.writes*writeUnit + b.secretCalls*secretCall + b.gets*getCall + b.puts*putCall
	month = keyMonth + secretMonth + 0.01*gbMonth
	hours := 1 + daemon.Hours()
	return 2 * (calls + month*hours/(30*24)), 2 * month
}

// printCost says what a run makes and what that costs at most.
func printCost(a *account) {
	run, month := ceilings(a.daemon, a.interval)
	say("account %s, region %s, as %s", a.account, a.region, a.caller)
	say("makes, and removes at the end:")
	for _, line := range a.everything() {
		say("  %s", line)
	}
	say("costs at most $%.2f if the clean-up runs, and $%.2f a month if it never does", max(run, 0.01), month)
	say("  (twice the prices of us-east-1: KMS $1 a key and month, Secrets Manager $0.40 a secret and month, requests by the thousand)")
	say("a KMS key cannot be deleted at once: it waits for 7 days, without charge")
	say("if this program is killed, finish with: make aws-live-clean PREFIX=%s", a.prefix)
}

// everything lists what a run makes.
func (a *account) everything() []string {
	return []string{
		"DynamoDB table " + a.table(),
		"KMS key with " + a.alias(),
		"IAM role " + a.role(),
		"S3 bucket " + a.bucket(),
		"parameter " + a.parameter(),
		"secret " + a.secret(),
	}
}
