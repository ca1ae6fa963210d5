package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/internal/render"
	"github.com/credrender/credrender/internal/state"
	"github.com/credrender/credrender/internal/txn"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/source/secretsmanager"
	"github.com/credrender/credrender/pkg/template"
)

// hint returns what the user can do about an error, or "".
func (a *app) hint(err error) string {
	ad := newAdviser(a.command, a.key)
	if text := ad.many(err); text != "" {
		return text
	}
	return ad.one(err)
}

// adviser gives the hints for errors of one command. Hints depend on the command: a
// flag or a permission that fixes one command does not exist for another.
type adviser struct {
	command string
	key     string // --key
	retries bool   // the command has --wait and --allow-stale
}

func newAdviser(c *cobra.Command, key string) adviser {
	if c == nil {
		return adviser{}
	}
	shown := func(name string) bool {
		f := c.Flags().Lookup(name)
		return f != nil && !f.Hidden
	}
	return adviser{command: c.Name(), key: key, retries: shown("wait") && shown("allow-stale")}
}

// many returns the hint for the failures of a command over many secrets, or "".
func (ad adviser) many(err error) (text string) {
	many, ok := errors.AsType[*manyError](err)
	if !ok {
		return ""
	}
	if errors.Is(err, source.ErrWrongContext) {
		text = "if contexts differ, list them by name in a file and pass --context-map FILE"
	}
	if many.partial && isPermanent(err) {
		if text == "" {
			text = ad.one(err)
		}
		if text != "" {
			text += "; "
		}
		text += "--partial leaves out what cannot be opened"
	}
	return text
}

// one returns the hint for an error of one secret, job or file, or "".
func (ad adviser) one(err error) string {
	if e, ok := errors.AsType[*render.RefusedError](err); ok {
		return refusedHint(e)
	}
	if text := cmp.Or(typedHint(err), ad.call(err), rotationHint(err)); text != "" {
		return text
	}
	from := ""
	if failed, ok := errors.AsType[*source.RefError](err); ok {
		from = failed.Ref.Source
	}
	for _, h := range hints {
		if errors.Is(err, h.err) && (h.source == "" || h.source == from) {
			return h.text
		}
	}
	return ""
}

func refusedHint(e *render.RefusedError) string {
	switch {
	case e.Again:
		return "nothing has changed since; --force tries again"
	case errors.Is(e, render.ErrPruneLimit):
		return "if they should be removed, raise prune_limit for one run, or remove them by hand"
	case e.BrokenBefore:
		return "the command fails on the old files too, so the new ones may not be the cause"
	}
	return ""
}

// typedHint returns the hint for an error whose fields decide about it, or "".
func typedHint(err error) string {
	if e, ok := errors.AsType[*state.LockedError](err); ok && e.Inside {
		return "a hook or check cannot render, because its own render holds the lock"
	}
	if errors.Is(err, local.ErrWritable) {
		return "'chmod 600 FILE' and 'chown USER FILE' give it to the user who runs credrender"
	}
	if errors.Is(err, local.ErrExposed) {
		return "'chmod 600 FILE' closes it, as its owner or root; if somebody else may have read the key, 'credrender rekey --new-local-key' replaces it"
	}
	if _, ok := errors.AsType[*local.KeyError](err); ok && !errors.Is(err, fs.ErrPermission) {
		return "pass the store's key file with --local-key; it is on the machine where 'credrender setup' created the store"
	}
	if _, ok := errors.AsType[*credstash.VersionError](err); ok {
		return "'credrender list NAME' shows the versions; pass the next one with --version, or pad the stored ones with 'credrender migrate'"
	}
	if _, ok := errors.AsType[*render.HookError](err); ok {
		return "the hook is pending: the next run retries it, even if no file changes"
	}
	if e, ok := errors.AsType[*txn.KindError](err); ok && e.Kind == txn.KindDirectory {
		return "DEST must be a file, such as " + e.Path + "/NAME"
	} else if ok {
		return "for standard output use - as DEST: credrender render SRC:-"
	}
	if e, ok := errors.AsType[*render.DestinationError](err); ok && e.Job != "" {
		return "'credrender render --job " + e.Job + "' renders the job; --config selects another config (/dev/null: none); render and pull write the file anyway with --force"
	} else if ok {
		return "choose another destination; 'credrender lint' lists all that conflict"
	}
	if _, ok := errors.AsType[*render.CycleError](err); ok {
		return "change one of them so that it reads no file that another job of the run writes"
	}
	if e, ok := errors.AsType[*txn.RightsError](err); ok {
		permit := "permit: [" + e.What + "] in the config, or --permit " + e.What + ", accepts what the file system sets"
		if e.Err != nil && e.What == "owner" {
			return "run as root, or set an owner and group that this user may assign; " + permit
		}
		return permit
	}
	return ""
}

// hints are looked up in order: the first entry for the error and the source of its
// ref applies. An empty source stands for all.
var hints = []struct {
	source string
	err    error
	text   string
}{
	{source.SSM, source.ErrNotFound, "'aws ssm get-parameter --name NAME' shows whether it is in this account and region; to read a table's secret whose name begins with ssm:, add a source to the config: 'credrender explain sources'"},
	{source.SSM, source.ErrDenied, "reading needs ssm:GetParameters (for a path ssm:GetParametersByPath), and kms:Decrypt if a SecureString has a customer managed key"},
	{"", secretsmanager.ErrPending, "'aws secretsmanager restore-secret --secret-id ID' restores it"},
	{source.SSM, source.ErrTooLarge, "keep larger values in S3 (s3://BUCKET/KEY) or in a table"},
	{source.SecretsManager, source.ErrTooLarge, "keep larger values in S3 (s3://BUCKET/KEY) or in a table"},
	{source.SecretsManager, source.ErrNotFound, "'aws secretsmanager describe-secret --secret-id ID' shows whether it is in this account and region"},
	{source.SecretsManager, source.ErrDenied, "reading needs secretsmanager:GetSecretValue, for several secrets also secretsmanager:BatchGetSecretValue, and kms:Decrypt for a customer managed key"},
	{source.S3, source.ErrNotFound, "'aws s3 ls s3://BUCKET/KEY' shows whether the object exists"},
	{source.S3, source.ErrDenied, "reading needs s3:GetObject and kms:Decrypt; without s3:ListBucket S3 also denies access to an object that does not exist"},
	{source.S3, source.ErrIntegrity, "s3secret reads objects made with 'credrender encrypt' or 'aws kms encrypt --output text --query CiphertextBlob'; s3object reads plain objects"},
	{source.S3Object, source.ErrNotFound, "'aws s3 ls s3://BUCKET/KEY' shows whether the object exists"},
	{source.S3Object, source.ErrDenied, "reading needs s3:GetObject; without s3:ListBucket S3 also denies access to an object that does not exist"},
	{source.EC2, source.ErrNotFound, "tags are in the metadata only if 'Allow tags in instance metadata' is on"},
	{source.EC2, source.ErrUnreachable, "outside EC2 use --fixtures; in a container set the instance's hop limit to 2"},
	{"", txn.ErrMountPoint, "in_place: true in the config, or --in-place, writes into the mounted file"},
	{"", txn.ErrFixed, "'lsattr -d' shows the attributes; 'chattr -i -a' removes them"},
	{"", unix.EROFS, "the file system is read-only for this process; under systemd, add the directory to ReadWritePaths="},
	{"", template.ErrTime, "simplify the template, or raise --timeout"},
	{"", render.ErrRemoved, "put it again, or accept the default from now on: --accept-removed NAME"},
	{"", source.ErrNoMatch, "'credrender list' shows the stored names; --allow-no-match, or allow_no_match: [PATTERN] in a job, accepts a pattern without a match"},
	{"", source.ErrNotFound, "'credrender list' shows the stored names and versions; 'credrender put NAME @FILE' adds one"},
	{"", source.ErrWrongContext, "the context must equal the one the secret was put with, including the case of keys and values"},
	{"", source.ErrCredentials, credentialsHint},
	{"", source.ErrIntegrity, "the stored item was changed or is incomplete: put the secret again, and find out what wrote this version"},
	{"", source.ErrTooLarge, "an item holds about 300,000 bytes, with put --item-format aes-gcm about 400,000; keep larger values elsewhere, as in S3"},
	{"", source.ErrExists, "'credrender list NAME' shows what is stored; put without --if-absent and --version stores the next version"},
	{"", source.ErrChanged, "another writer changed the secret at the same time; check 'credrender list', then decide whether to run this again"},
	{"", local.ErrNotStore, "pass the store file with --store local:PATH; 'credrender setup' creates a new one"},
	{"", kms.ErrGrantee, "check the spelling and the account; for a role that was just created, --wait 5m waits longer"},
	{"", kms.ErrTwin, "grants ignore the case of keys and Decrypt does not: find the wrong grant with 'credrender grants' and revoke it first"},
	{"", source.ErrNoStore, "'credrender setup' creates it; --table, --key, --region and --store select another"},
	{"", source.ErrNoSource, "define the source under 'sources' in the config: 'credrender explain sources'"},
	{"", awsconfig.ErrNoRegion, "set --region, AWS_REGION, or a region in the profile"},
	{"", txn.ErrNoDirectory, "create it, or set create_dirs: true in the config"},
	{"", render.ErrNoState, "pass a writable directory with --state-dir, or --no-hook to skip the hook"},
	{"", state.ErrUnreadable, "run this as the user that renders, often with sudo; --state-dir selects another directory"},
	{"", state.ErrUntrusted, "the state directory must be yours and have mode 0700"},
	{"", state.ErrLocked, "--lock-timeout sets how long to wait"},
	{"", fs.ErrPermission, "this user may not open the file: check 'ls -l FILE', then run as another user or change owner or mode"},
}

const credentialsHint = "'aws sts get-caller-identity' with the same --profile shows whether there are credentials" //nolint:gosec // no credentials

// call returns the hint for a failed call to a service, or "".
func (ad adviser) call(err error) string {
	e, ok := errors.AsType[*source.CallError](err)
	if !ok {
		return ""
	}
	if ref, ok := errors.AsType[*source.RefError](err); ok && isExternal(ref.Ref) && e.Service == "KMS" {
		ad.command = "" // the command's rights are on a table, and this ref is not in one
	}
	switch {
	case e.By == source.ByClock:
		return "compare 'date -u' with the time elsewhere; 'timedatectl' shows whether this machine's clock is synchronized"
	case errors.Is(e, source.ErrDisabled):
		return "'" + strings.Join(enable(keyIn(e), e.Message), "' and '") + "' restore the key; no other key opens what it encrypted"
	case errors.Is(e, source.ErrNoKey):
		return ad.noKey()
	case e.Code == "InvalidKeyUsageException":
		return "--key must be a symmetric encryption key, such as the one 'credrender setup' creates"
	case strings.Contains(e.Message, foreignKey), e.Code == "IncorrectKeyException":
		return "if the key is not in the table's region, set --kms-region: a replica of a table keeps the keys of its first region. There, " + ad.needs(e)
	case errors.Is(e, source.ErrCredentials):
		if e.Code == "UnrecognizedClientException" || e.Code == "InvalidClientTokenId" {
			return credentialsHint + "; AWS also refuses credentials in a region that the account has not enabled: 'aws account list-regions'"
		}
		return credentialsHint
	case e.Code == "InvalidRequestException" && strings.Contains(e.Message, "marked for deletion"):
		return "'aws secretsmanager restore-secret --secret-id ID' restores it until its recovery window ends"
	case errors.Is(e, source.ErrDenied):
		return ad.denied(e)
	case errors.Is(e, source.ErrThrottled):
		return ad.retry(throttled(e))
	case errors.Is(e, source.ErrUnreachable):
		return ad.retry(unreachable(e))
	case errors.Is(e, source.ErrNoStore) && e.Service == "DynamoDB":
		return "'credrender setup' creates it; --table and --region select another"
	case errors.Is(e, source.ErrNoStore) && e.Service == "S3":
		return "'aws s3 ls' lists the buckets of the account"
	}
	return ""
}

// noKey is the hint for a missing key. KMS takes an alias only with its prefix.
func (ad adviser) noKey() string {
	if ad.key != "" && !kms.IsAlias(ad.key) && !strings.HasPrefix(ad.key, "arn:") && !kms.IsID(ad.key) {
		return "did you mean --key alias/" + ad.key + "? Without alias/ KMS reads it as a key ID"
	}
	return "'credrender setup' creates " + cmp.Or(ad.key, "the key") + "; 'aws kms list-aliases' lists those of a region; --key and --kms-region select another"
}

// denied is the hint for a refused call: the refused action and all that the command
// needs.
func (ad adviser) denied(e *source.CallError) string {
	text := ad.needs(e)
	switch {
	case strings.Contains(e.Message, "explicit deny"):
		text = "a policy denies it explicitly, which overrides every allow; " + text
	case e.Service == "S3" && (e.Operation == "GetObject" || e.Operation == "HeadObject"):
		text += "; without s3:ListBucket S3 also denies access to an object that does not exist"
	case slices.Contains([]string{"setup", "grant", "grants", "revoke"}, ad.command):
		text += "; 'credrender policy --role admin' prints a policy"
	case slices.Contains([]string{"render", "plan", "daemon"}, ad.command):
		text += "; 'credrender policy' prints a policy"
	}
	return text
}

func (ad adviser) needs(e *source.CallError) string {
	var all []string
	for _, r := range policy.Rights(ad.command, e.Service) {
		all = append(all, r.String())
	}
	actions := policy.Action(e.Service, e.Operation)
	switch {
	case len(all) > 0 && len(actions) > 0:
		return ad.command + " needs " + strings.Join(all, ", ") + "; AWS refused " + actions[0]
	case len(actions) > 0:
		return "it needs " + strings.Join(actions, ", ")
	}
	return "the policies of this identity must allow it"
}

// retry adds what the command can do about a failure that may be temporary.
func (ad adviser) retry(text string) string {
	switch {
	case ad.retries:
		return text + "; the files stay as they are; --wait 5m retries, --allow-stale 24h accepts recent files"
	case ad.command == "daemon":
		return text + "; the daemon tries again"
	}
	return text
}

// throttled is the hint for a call that exceeded the rate limit of a service.
func throttled(e *source.CallError) string {
	if e.By != source.ByAWS {
		return "the response is not from AWS: the server that answers for " + cmp.Or(e.Host, "the endpoint") + " has a rate limit of its own"
	}
	return cmp.Or(map[string]string{
		"DynamoDB":        "an on-demand table does not throttle at this rate: 'credrender setup --update' switches to on-demand",
		"KMS":             "all programs of the account share KMS's quota in a region: 'aws service-quotas list-service-quotas --service-code kms'",
		"SSM":             "Parameter Store allows 40 requests per second, or 10,000 with higher throughput: 'aws ssm get-service-setting --setting-id /ssm/parameter-store/high-throughput-enabled'",
		"S3":              "S3 limits the requests below one prefix of a bucket; it allows more after a while",
		"Secrets Manager": "all programs of the account share the quotas of Secrets Manager in a region",
	}[e.Service], "the service limits the rate of requests")
}

// unreachable is the hint for a call without a response from AWS, or with a server
// error as the response.
func unreachable(e *source.CallError) string {
	host := cmp.Or(e.Host, "the host")
	return cmp.Or(map[source.Party]string{
		source.ByAuthority: "if a proxy terminates TLS, set AWS_CA_BUNDLE=FILE to the certificate of its authority",
		source.ByTLS:       "compare 'date -u' with the dates of the certificate, and check the endpoint (AWS_ENDPOINT_URL, HTTPS_PROXY)",
		source.ByDNS:       fmt.Sprintf("check the region (--region, AWS_REGION); 'getent hosts %s' shows whether the host exists", host),
		source.ByProxy:     "HTTPS_PROXY sets the proxy, with user and password if it requires them; NO_PROXY lists hosts to reach without it",
		source.ByServer:    fmt.Sprintf("the response is not from AWS: something in between answers for %s (HTTPS_PROXY, NO_PROXY, AWS_ENDPOINT_URL)", host),
		source.ByTime:      "--timeout allows more time",
		source.ByAWS:       "the fault is on AWS's side: https://health.aws.amazon.com",
	}[e.By], fmt.Sprintf("check the route to %s, and whether the VPC has an endpoint for it", host))
}
