package main

import (
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/manual"
)

// The variables that credrender reads, or gives to a command, besides those of the
// settings. A test compares the list with the code.
type systemVariable struct{ group, name, does string }

const (
	varsOwn      = "Other variables of credrender"
	varsCommands = "Given to commands"
	varsAWS      = "AWS"
	varsSystem   = "The system"
)

func systemVariables() []systemVariable {
	return []systemVariable{
		{varsOwn, completionOff, "off: completion neither reads the config nor asks a store."},
		{varsOwn, "CREDSTASH_DEFAULT_TABLE", "The table if nothing else selects one, as in credstash."},
		{varsOwn, "CREDSMASH_CONFIG", "The config file of credsmash, for 'credrender credsmash'."},

		{varsCommands, "CREDRENDER_JOB", "The job of a check, verify or hook."},
		{varsCommands, "CREDRENDER_CHANGED", "The changed files of a verify or hook, one a line."},
		{varsCommands, "CREDRENDER_STEP", "The step of a rotation that the command is for."},
		{varsCommands, "CREDRENDER_SECRET", "The secret that is rotated."},
		{varsCommands, "CREDRENDER_VERSION", "The version in force when the rotation began."},
		{varsCommands, "CREDRENDER_LOCK", "The lock of the run that started the command: a hook that starts another render is refused."},

		{varsAWS, "AWS_REGION", "The region, as --region. AWS_DEFAULT_REGION is read after it."},
		{varsAWS, "AWS_DEFAULT_REGION", "The region if AWS_REGION is not set."},
		{varsAWS, "AWS_PROFILE", "The profile, as --profile."},
		{varsAWS, "AWS_ACCESS_KEY_ID", "Credentials, with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. All other ways of the AWS SDK work too: SSO, web identity, credential_process, containers, instances."},
		{varsAWS, "AWS_CONFIG_FILE", "The shared config, instead of ~/.aws/config."},
		{varsAWS, "AWS_SHARED_CREDENTIALS_FILE", "The shared credentials, instead of ~/.aws/credentials."},
		{varsAWS, "AWS_LOGIN_CACHE_DIRECTORY", "The directory of the sessions of 'aws login'."},
		{varsAWS, "AWS_ENDPOINT_URL", "The endpoint of all services; AWS_ENDPOINT_URL_DYNAMODB and its like, of one."},
		{varsAWS, "AWS_CA_BUNDLE", "Certificates to trust instead of the system's."},
		{varsAWS, "AWS_EC2_METADATA_DISABLED", "true: instance metadata is not asked for."},

		{varsSystem, "HTTPS_PROXY", "The proxy. NO_PROXY lists hosts to reach without it."},
		{varsSystem, "SSL_CERT_FILE", "Certificates to trust; SSL_CERT_DIR is a directory of them. Without these and without the system's, those in the program are used."},
		{varsSystem, "SSL_CERT_DIR", "See SSL_CERT_FILE."},
		{varsSystem, "HOME", "Where ~/.aws and the directories of XDG are by default, and HOME of checks and hooks."},
		{varsSystem, "XDG_STATE_HOME", "Where the state directory is by default, except root's. Default: ~/.local/state."},
		{varsSystem, "XDG_DATA_HOME", "Where the local store is by default. Default: ~/.local/share."},
		{varsSystem, "XDG_RUNTIME_DIR", "Where a reboot clears what is kept: the key of fingerprints, names for completion, the file of an editor."},
		{varsSystem, "RUNTIME_DIRECTORY", "The same, set by systemd."},
		{varsSystem, "TMPDIR", "Where edit puts the editor's file if there is no XDG_RUNTIME_DIR."},
		{varsSystem, "PATH", "Where exec finds the program. Checks and hooks get a short system PATH instead."},
		{varsSystem, "VISUAL", "The editor of edit, before EDITOR."},
		{varsSystem, "EDITOR", "The editor of edit."},
		{varsSystem, "TZ", "The time zone of schedules and of what is printed."},
		{varsSystem, "TERM", "dumb: no progress and no colors are shown."},
		{varsSystem, "NO_COLOR", "Any value: no colors are shown, unless --color always is given."},
		{varsSystem, "JOURNAL_STREAM", "Set by systemd: log lines for the journal carry no time, and their level in its form."},
		{varsSystem, "NOTIFY_SOCKET", "Set by systemd: where the daemon reports its state."},
		{varsSystem, "WATCHDOG_USEC", "Set by systemd: how often the daemon reports that it is alive."},
		{varsSystem, "WATCHDOG_PID", "Set by systemd: the process that WATCHDOG_USEC is for."},
		{varsSystem, "ECS_CONTAINER_METADATA_URI_V4", "Set by ECS: the task is what state belongs to."},
		{varsSystem, "GOGC", "Go's garbage collector. If it or GOMEMLIMIT is set, credrender does not tune it."},
		{varsSystem, "GOMEMLIMIT", "See GOGC."},
	}
}

// environmentPage lists the variables.
func environmentPage() manual.Page {
	p := tablePage{Page: manual.Page{Title: "Environment"}}
	p.note("A variable of a setting overrides the key of the config, and its flag overrides the variable. An empty variable counts as not set.")
	for _, v := range config.Variables() {
		p.add("Settings", manual.Quote(v.Name), manual.Escape(v.Does))
	}
	for _, v := range systemVariables() {
		p.add(v.group, manual.Quote(v.name), manual.Escape(v.does))
	}
	return p.Page
}
