package main

import (
	"cmp"
	"errors"
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
	if ref, ok := errors.AsType[*source.RefError](err); ok && isExternal(ref.Ref) && e.Service == "KMS" {
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

// hint says what to do about an error, or "".
func (a *app) hint(err error) string {
	ad := adviserOf(a.command, a.key)
	if text := ad.many(err); text != "" {
		return text
	}
	return ad.one(err)
}

// one is the hint of an error of one secret, job or file.
func (ad adviser) one(err error) string {
	if locked, ok := errors.AsType[*state.LockedError](err); ok && locked.Inside {
		return "a hook or check cannot render: the files it would change are being changed"
	}
	if _, ok := errors.AsType[*local.KeyError](err); ok && !errors.Is(err, fs.ErrPermission) {
		return "--local-key names the key file of this store; a copy of it must come from where the store was made"
	}
	if _, ok := errors.AsType[*credstash.VersionError](err); ok {
		return "'credrender list NAME' shows the versions; --version states one, 'credrender migrate' pads those that are not padded"
	}
	if refused, ok := errors.AsType[*render.RefusedError](err); ok {
		return refusedHint(refused)
	}
	if _, ok := errors.AsType[*render.HookError](err); ok {
		return "the hook is owed: the next run tries it again, also if no file changes"
	}
	if text := destHint(err); text != "" {
		return text
	}
	if text := ad.call(err); text != "" {
		return text
	}
	if text := sourceHint(err); text != "" {
		return text
	}
	for _, h := range hints {
		if errors.Is(err, h.err) {
			return h.text
		}
	}
	return ""
}

var hints = []struct {
	err  error
	text string
}{
	{render.ErrRemoved, "put it again, or take the default from now on: --accept-removed NAME"},
	{source.ErrNoMatch, "'credrender list' shows the names that are there; --allow-no-match, or allow_no_match: [PATTERN] of a job, permits that nothing matches"},
	{source.ErrNotFound, "'credrender list' shows the names and versions that are there, 'credrender put NAME @FILE' adds one"},
	{source.ErrWrongContext, "the context must be the one that the secret was put with, pair by pair and case by case"},
	{source.ErrCredentials, "'aws sts get-caller-identity' with the same --profile shows whether there are credentials"},
	{source.ErrIntegrity, "somebody changed the stored item, or it was never whole: put the secret again, and ask who wrote this version"},
	{source.ErrTooLarge, "an item holds about 300,000 bytes, with put --item-format aes-gcm about 400,000; keep larger values elsewhere, as in S3"},
	{source.ErrExists, "that number holds another value already; 'credrender list NAME' shows the versions"},
	{source.ErrChanged, "somebody else was writing: 'credrender list' shows what is there now; then decide whether to run it again"},
	{local.ErrNotStore, "--store local:PATH names the store file; 'credrender setup' makes one where there is none"},
	{kms.ErrGrantee, "is it spelt right, and of the right account? --wait 5m waits longer for a role that was just made"},
	{kms.ErrTwin, "'credrender grants' shows it; grants ignore the case of keys and Decrypt does not, so revoke the one that is wrong first"},
	{source.ErrNoStore, "'credrender setup' makes it; --table, --key, --region and --store say which and where"},
	{source.ErrNoSource, "'sources' of the config names sources: docs/sources.md"},
	{awsconfig.ErrNoRegion, "--region, AWS_REGION or the profile names it"},
	{txn.ErrNoDirectory, "make it, or say create_dirs: true in the config"},
	{render.ErrNoState, "--state-dir names one; --no-hook goes without"},
	{state.ErrUnreadable, "run this as the user that renders, often with sudo; --state-dir names another directory"},
	{state.ErrUntrusted, "the state directory must be yours and mode 0700"},
	{state.ErrLocked, "--lock-timeout says how long to wait"},
	{fs.ErrPermission, "this user may not open the file: 'ls -l FILE' shows who may; run it as that user, or change owner or mode"},
}

func refusedHint(e *render.RefusedError) string {
	switch {
	case e.Again:
		return "nothing has changed since; --force tries again"
	case e.BrokenBefore:
		return "it refuses the old files too, so the fault is not, or not only, in the new ones"
	}
	return ""
}

// destHint is the hint of an error of a destination, or "".
func destHint(err error) string {
	if kind, ok := errors.AsType[*txn.KindError](err); ok {
		if kind.Kind == txn.KindDirectory {
			return "DEST is the file itself, such as " + kind.Path + "/NAME"
		}
		return "- as DEST is standard output: credrender render SRC:-"
	}
	if _, ok := errors.AsType[*render.PlaceError](err); ok {
		return "give the file another destination; 'credrender lint' shows all that clash"
	}
	if _, ok := errors.AsType[*render.CycleError](err); ok {
		return "let one of them read something that no job of the run writes"
	}
	if rights, ok := errors.AsType[*txn.RightsError](err); ok {
		return rightsHint(rights)
	}
	if errors.Is(err, txn.ErrMountPoint) {
		return "in_place: true in the config, or --in-place, writes into the file that is mounted"
	}
	if errors.Is(err, unix.EROFS) {
		return "the file system is read-only for this process: under systemd, ReadWritePaths= of the unit names what may be written"
	}
	return ""
}

func rightsHint(e *txn.RightsError) string {
	permit := "permit: [" + e.What + "] in the config, or --permit " + e.What + ", takes what the file system gives"
	if e.Err != nil && e.What == "owner" {
		return "run as root, or state an owner and group that this user may give; " + permit
	}
	return permit
}

// sourceHint says what to do about a ref that is not in the store, or "".
func sourceHint(err error) string {
	failed, ok := errors.AsType[*source.RefError](err)
	if !ok {
		return ""
	}
	for _, h := range sourceHints {
		if h.source == failed.Ref.Source && errors.Is(err, h.err) {
			return h.text
		}
	}
	return ""
}

var sourceHints = []struct {
	source string
	err    error
	text   string
}{
	{source.SSM, source.ErrNotFound, "'aws ssm get-parameter --name NAME' shows whether it is in this account and region; a name in a table that begins with ssm: is read through a source of the config (docs/sources.md)"},
	{source.SSM, source.ErrDenied, "reading takes ssm:GetParameters (for a path ssm:GetParametersByPath), and kms:Decrypt for a SecureString under a key of one's own"},
	{source.SecretsManager, source.ErrNotFound, "'aws secretsmanager describe-secret --secret-id ID' shows whether it is in this account and region"},
	{source.SecretsManager, source.ErrDenied, "reading takes secretsmanager:GetSecretValue, of several also secretsmanager:BatchGetSecretValue, and kms:Decrypt under a key of one's own"},
	{source.S3, source.ErrNotFound, "'aws s3 ls s3://BUCKET/KEY' shows whether it is there"},
	{source.S3, source.ErrDenied, "reading takes s3:GetObject and kms:Decrypt; without s3:ListBucket S3 says the same of an object that is not there"},
	{source.S3, source.ErrIntegrity, "s3secret wants what 'aws kms encrypt --output text --query CiphertextBlob' or 'credrender encrypt' made; s3object takes objects as they are"},
	{source.S3Object, source.ErrNotFound, "'aws s3 ls s3://BUCKET/KEY' shows whether it is there"},
	{source.S3Object, source.ErrDenied, "reading takes s3:GetObject; without s3:ListBucket S3 says the same of an object that is not there"},
	{source.EC2, source.ErrNotFound, "tags are in the metadata once 'Allow tags in instance metadata' is on"},
	{source.EC2, source.ErrUnreachable, "--fixtures answers ec2 off EC2; in a container the instance's hop limit must be 2"},
}

// many says what to do where one command is about many secrets, or "".
func (ad adviser) many(err error) (text string) {
	many, ok := errors.AsType[*manyError](err)
	if !ok {
		return ""
	}
	if errors.Is(err, source.ErrWrongContext) {
		text = "where contexts differ, --context-map FILE says which names have which (docs/lifecycle.md)"
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
