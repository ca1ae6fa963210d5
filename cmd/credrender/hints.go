package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/kms"
)

// adviser knows the command that failed: what helps one command is a flag that
// another does not have, or rights that it does not take.
type adviser struct {
	command string
	key     string // --key
	patient bool   // the command has --wait and --allow-stale
}

func adviserOf(c *cobra.Command, key string) adviser {
	if c == nil {
		return adviser{}
	}
	shown := func(name string) bool {
		f := c.Flags().Lookup(name)
		return f != nil && !f.Hidden
	}
	return adviser{command: c.Name(), key: key, patient: shown("wait") && shown("allow-stale")}
}

// call returns the hint of a failed call to a service, or "": by what was
// refused, and by whom.
func (ad adviser) call(err error) string {
	e, ok := errors.AsType[*source.CallError](err)
	if !ok {
		return ""
	}
	if ref, ok := errors.AsType[*source.RefError](err); ok && isElsewhere(ref.Ref) && e.Service == "KMS" {
		ad.command = "" // its rights are on a table, of which this is no item
	}
	switch {
	case e.By == source.ByClock:
		return "compare 'date -u' with the time elsewhere; 'timedatectl' shows whether this machine's clock is synchronized"
	case errors.Is(e, source.ErrDisabled):
		return "'" + strings.Join(enable(keyIn(e), e.Message), "' and '") + "' bring the key back; nothing else opens what it encrypted"
	case errors.Is(e, source.ErrNoKey):
		return ad.noKey()
	case e.Code == "InvalidKeyUsageException":
		return "--key takes a symmetric key for encryption, as 'credrender setup' makes one"
	case strings.Contains(e.Message, foreignKey), e.Code == "IncorrectKeyException":
		return "--kms-region names the region of the key, if it is not the table's: a replica of a table keeps the keys of its first region. There, " + ad.takes(e)
	case errors.Is(e, source.ErrCredentials):
		return ad.credentials(e)
	case errors.Is(e, source.ErrDenied):
		return ad.denied(e)
	case errors.Is(e, source.ErrThrottled):
		return ad.patience(quota(e))
	case errors.Is(e, source.ErrUnreachable):
		return ad.patience(unreachable(e))
	case errors.Is(e, source.ErrNoStore):
		return noStore(e)
	}
	return ""
}

// noKey is for a key that is not there. KMS takes an alias only with its prefix.
func (ad adviser) noKey() string {
	if ad.key != "" && !kms.IsAlias(ad.key) && !strings.HasPrefix(ad.key, "arn:") && !kms.IsID(ad.key) {
		return "did you mean --key alias/" + ad.key + "? Without alias/ it is taken for the ID of a key"
	}
	return "'credrender setup' makes " + cmp.Or(ad.key, "the key") + "; 'aws kms list-aliases' shows those of a region; --key and --kms-region name another"
}

func (ad adviser) credentials(e *source.CallError) string {
	text := "'aws sts get-caller-identity' with the same --profile shows whether there are credentials"
	switch e.Code {
	case "UnrecognizedClientException", "InvalidClientTokenId":
		text += "; a region that is not enabled for the account refuses them too: 'aws account list-regions'"
	}
	return text
}

// denied names what was refused, and all that the command takes.
func (ad adviser) denied(e *source.CallError) string {
	text := ad.takes(e)
	switch {
	case strings.Contains(e.Message, "explicit deny"):
		text = "a policy denies it, which counts for more than all that allow it; " + text
	case e.Service == "S3" && (e.Operation == "GetObject" || e.Operation == "HeadObject"):
		text += "; without s3:ListBucket S3 answers the same for an object that does not exist"
	case slices.Contains([]string{"setup", "grant", "grants", "revoke"}, ad.command):
		text += "; 'credrender policy --role admin' prints a policy"
	case slices.Contains([]string{"render", "plan", "daemon"}, ad.command):
		text += "; 'credrender policy' prints a policy"
	}
	return text
}

func (ad adviser) takes(e *source.CallError) string {
	var all []string
	for _, r := range policy.Rights(ad.command, e.Service) {
		all = append(all, r.String())
	}
	actions := policy.Action(e.Service, e.Operation)
	switch {
	case len(all) > 0 && len(actions) > 0:
		return ad.command + " takes " + strings.Join(all, ", ") + "; AWS refused " + actions[0]
	case len(actions) > 0:
		return "it takes " + strings.Join(actions, ", ")
	}
	return "the policies of this identity must allow it"
}

// patience adds what the command can do about a failure that may pass.
func (ad adviser) patience(text string) string {
	switch {
	case ad.patient:
		return text + "; the files in place stay as they are; --wait 5m keeps trying, --allow-stale 24h makes this no failure"
	case ad.command == "daemon":
		return text + "; the daemon tries again"
	}
	return text
}

// quota is what limits the rate of a service.
func quota(e *source.CallError) string {
	switch {
	case e.By != source.ByAWS:
		return "the answer is not AWS's: what answers for " + cmp.Or(e.Host, "the endpoint") + " has a limit of its own"
	case e.Service == "DynamoDB":
		return "a table that is paid by the request does not throttle at this rate: 'credrender setup --update' changes it"
	case e.Service == "KMS":
		return "all programs of the account share KMS's quota in a region: 'aws service-quotas list-service-quotas --service-code kms'"
	case e.Service == "SSM":
		return "Parameter Store answers 40 requests a second, with higher throughput switched on 10,000: 'aws ssm get-service-setting --setting-id /ssm/parameter-store/high-throughput-enabled'"
	case e.Service == "S3":
		return "S3 limits the requests below one prefix of a bucket; it allows more after a while"
	case e.Service == "Secrets Manager":
		return "all programs of the account share the quotas of Secrets Manager in a region"
	}
	return "the service limits the rate of requests"
}

// unreachable is for calls without an answer by AWS, or with a fault as the
// answer.
func unreachable(e *source.CallError) string {
	host := cmp.Or(e.Host, "the host")
	switch e.By {
	case source.ByAuthority:
		return "where a proxy opens TLS, AWS_CA_BUNDLE=FILE names the certificate of its authority"
	case source.ByTLS:
		return "compare 'date -u' with the dates of the certificate, and the host with the endpoint that was meant (AWS_ENDPOINT_URL, HTTPS_PROXY)"
	case source.ByDNS:
		return "check the region (--region, AWS_REGION); 'getent hosts " + host + "' shows whether there is such a host"
	case source.ByProxy:
		return "HTTPS_PROXY names the proxy, with user and password where it wants them; NO_PROXY lists hosts that are asked without it"
	case source.ByServer:
		return "the answer is not AWS's: something in between answers for " + host + " (HTTPS_PROXY, NO_PROXY, AWS_ENDPOINT_URL)"
	case source.ByTime:
		return "--timeout allows more time"
	case source.ByAWS:
		return "the fault is at AWS: https://health.aws.amazon.com"
	}
	return "check the route to " + host + ", or whether the VPC has an endpoint for it"
}

// noStore is for tables and buckets that are not there.
func noStore(e *source.CallError) string {
	switch e.Service {
	case "DynamoDB":
		return "'credrender setup' makes it; --table and --region say which and where"
	case "S3":
		return "'aws s3 ls' shows the buckets of the account"
	}
	return ""
}
