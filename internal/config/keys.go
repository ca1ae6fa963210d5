package config

// Key describes a key of the config. The help, docs/config-keys.md and the JSON Schema
// are made from the same list, which a test compares with what Load takes.
type Key struct {
	Section  Section
	Name     string
	Kind     Kind
	Does     string
	Default  string // in words; empty: none
	Example  string // a YAML value
	Required bool
	// Same is the key that this one is another name of.
	Same string
}

// Section is a mapping of the config that has keys of its own.
type Section string

// The sections, as paths: [] is a list, NAME a key that the user chooses.
const (
	SectionTop     Section = ""
	SectionSource  Section = "sources.NAME"
	SectionJob     Section = "jobs[]"
	SectionFile    Section = "jobs[].files[]"
	SectionKeypair Section = "jobs[].keypairs[]"
	SectionTests   Section = "tests" // the top of a test file
	SectionCase    Section = "tests.cases[]"
)

// Kind is the form of a value.
type Kind string

// The kinds of values.
const (
	KindText     Kind = "text"
	KindDuration Kind = "duration"
	KindBool     Kind = "true or false"
	KindList     Kind = "list of texts"
	KindUser     Kind = "name or number"
	KindUsers    Kind = "list of names or numbers"
	KindMode     Kind = "octal mode"
	KindCommand  Kind = "command: a text for the shell, or a list of arguments"
	KindContext  Kind = "context: a map of texts, or the name of an entry in contexts"
	KindTexts    Kind = "map of texts"
	KindValues   Kind = "map of any values"
	KindDelims   Kind = "list of two texts"
	KindTime     Kind = "time"
	KindPercent  Kind = "percentage from 1% to 100%"
	KindAny      Kind = "any value"
	KindEntries  Kind = "list of texts and whole numbers, map of any values, or pattern of names"
	KindSections Kind = "map of sections"
	KindSection  Kind = "list of sections"
)

// Path returns the key with its section, such as jobs[].files[].mode.
func (k Key) Path() string { return join(string(k.Section), k.Name) }

// Keys returns all keys, in the order of the manual.
func Keys() []Key {
	all := make([]Key, 0, 128)
	for _, list := range [][]Key{settingKeys(), sharedKeys(), sourceKeys(), jobKeys(), fileKeys(), testKeys()} {
		all = append(all, list...)
	}
	return all
}

func settingKeys() []Key {
	return []Key{
		{Name: "store", Kind: KindText, Does: "Where secret looks: dynamodb, local, local:PATH or s3://BUCKET/PREFIX.", Default: "dynamodb", Example: "local:store.db"},
		{Name: "local_key", Kind: KindText, Does: "Key file of the local store.", Default: "beside the store: store.key for store.db", Example: "store.key"},
		{Name: "table", Kind: KindText, Does: "DynamoDB table: a name, or an ARN, which also states the region.", Default: "CREDSTASH_DEFAULT_TABLE, else credential-store", Example: "credential-store"},
		{Name: "key", Kind: KindText, Does: "KMS key for writes: alias, id or ARN.", Default: "alias/credstash", Example: "alias/credstash"},
		{Name: "region", Kind: KindText, Does: "AWS region.", Default: "that of the table's ARN, else of the environment, the profile or the instance", Example: "eu-west-1"},
		{Name: "kms_region", Kind: KindText, Does: "AWS region of KMS, if it is another.", Default: "region", Example: "eu-central-1"},
		{Name: "profile", Kind: KindText, Does: "Profile of the shared AWS config.", Default: "AWS_PROFILE", Example: "prod"},
		{Name: "arn", Kind: KindText, Does: "IAM role to assume.", Example: "arn:aws:iam::123456789012:role/reader"},
		{Name: "grant_token", Kind: KindText, Does: "Tokens of KMS grants that are less than five minutes old, separated by commas.", Example: "AQpAM2RhZ..."},
		{Name: "state_dir", Kind: KindText, Does: "Directory for the installed versions, pending hooks and locks.", Default: "/var/lib/credrender; not root: $XDG_STATE_HOME/credrender", Example: "/var/lib/credrender"},
		{Name: "timeout", Kind: KindDuration, Does: "How long a command waits for AWS, credentials, instance metadata and its inputs.", Default: "2m", Example: "30s"},
		{Name: "log_level", Kind: KindText, Does: "Least level to log: debug, info, warn or error.", Default: "info", Example: "warn"},
		{Name: "log_format", Kind: KindText, Does: "Format of messages: text or json.", Default: "text", Example: "json"},
		{Name: "full_refresh", Kind: KindDuration, Does: "Maximum age of a full refresh; the next check of the daemon then makes another.", Default: "10m", Example: "10m"},
		{Name: "listen", Kind: KindText, Does: "Where the daemon serves health and metrics: unix:PATH or a loopback ADDRESS:PORT.", Example: "127.0.0.1:9111"},
		{Name: "textfile", Kind: KindText, Does: "File that the daemon, and render from cron, write metrics into, for node_exporter.", Example: "/var/lib/node_exporter/credrender.prom"},
		{Name: "boot_wait", Kind: KindDuration, Does: "How long a starting daemon whose files are in place waits for news before it is ready.", Default: "2s", Example: "2s"},
		{Name: "ready", Kind: KindText, Does: "Whether the daemon's start waits for all files and fails without them (files), or does not fail (best-effort).", Default: "files", Example: "best-effort"},
	}
}

// sharedKeys are those that concern all jobs of a file.
func sharedKeys() []Key {
	return []Key{
		{Name: "context", Kind: KindContext, Does: "Encryption context of secrets that name none, for jobs only.", Example: "{env: prod}"},
		{Name: "contexts", Kind: KindValues, Does: "Encryption contexts by name, for templates and context. Keys keep their case and dots.", Example: "{web: {Env: prod, app.tier: web}}"},
		{Name: "sources", Kind: KindSections, Does: "Named sources: other tables, accounts and regions, for names such as payments:db.password.", Example: "{payments: {type: dynamodb, table: payments}}"},
		{Name: "partials", Kind: KindList, Does: "Patterns of files with definitions for the templates of all jobs, relative to the config.", Example: "[parts/*.tmpl]"},
		{Name: "vars", Kind: KindValues, Does: "What templates of all jobs see as .Vars. A job's own vars are laid over them, key by key.", Example: "{port: 8080}"},
		{Name: "schedule", Kind: KindText, Does: "When the daemon checks the jobs: a cron expression, @daily or @every 5m.", Example: "\"*/5 * * * *\""},
		{Name: "splay", Kind: KindDuration, Does: "Longest delay of each check; every host has a fixed share of it.", Example: "2m"},
		{Name: "trusted_owners", Kind: KindUsers, Does: "Users besides root whose config and templates root trusts.", Example: "[deploy]"},
		{Name: "jobs", Kind: KindSection, Does: "The jobs, in the order in which they run.", Example: "[{name: app, src: app.tmpl, dest: /etc/app.conf}]"},
	}
}

func sourceKeys() []Key {
	return []Key{
		{Section: SectionSource, Name: "type", Kind: KindText, Does: "Kind of the source: dynamodb, local, s3, ssm or secretsmanager.", Example: "dynamodb", Required: true},
		{Section: SectionSource, Name: "table", Kind: KindText, Does: "DynamoDB table: a name or an ARN.", Default: "credential-store", Example: "payments"},
		{Section: SectionSource, Name: "key", Kind: KindText, Does: "KMS key for writes.", Default: "alias/credstash", Example: "alias/payments"},
		{Section: SectionSource, Name: "region", Kind: KindText, Does: "AWS region.", Default: "that of the store", Example: "us-east-1"},
		{Section: SectionSource, Name: "kms_region", Kind: KindText, Does: "AWS region of KMS, if it is another.", Default: "region", Example: "us-east-1"},
		{Section: SectionSource, Name: "profile", Kind: KindText, Does: "Profile of the shared AWS config.", Default: "that of the store", Example: "payments"},
		{Section: SectionSource, Name: "arn", Kind: KindText, Does: "IAM role to assume.", Default: "that of the store", Example: "arn:aws:iam::210987654321:role/reader"},
		{Section: SectionSource, Name: "path", Kind: KindText, Does: "File of a local store.", Example: "store.db"},
		{Section: SectionSource, Name: "local_key", Kind: KindText, Does: "Key file of a local store.", Default: "beside the store", Example: "store.key"},
	}
}

func jobKeys() []Key {
	return []Key{
		{Section: SectionJob, Name: "name", Kind: KindText, Does: "Name of the job, unique in the config.", Example: "web-tls", Required: true},
		{Section: SectionJob, Name: "files", Kind: KindSection, Does: "The files, which change together or not at all. A single file may stand in the job itself.", Example: "[{src: app.tmpl, dest: /etc/app.conf}]"},
		{Section: SectionJob, Name: "keypairs", Kind: KindSection, Does: "Certificates and keys of the job that must belong together.", Example: "[{cert: /etc/tls.crt, key: /etc/tls.key}]"},
		{Section: SectionJob, Name: "verify", Kind: KindCommand, Does: "Command that judges the new files in place. If it fails, the old ones are put back.", Example: "nginx -t"},
		{Section: SectionJob, Name: "hook", Kind: KindCommand, Does: "Command to run once after a change. It is retried until it succeeds.", Example: "systemctl --no-block reload nginx"},
		{Section: SectionJob, Name: "timeout", Kind: KindDuration, Does: "Time limit of each check, verify and hook.", Default: "30s, of a hook 2m", Example: "1m"},
		{Section: SectionJob, Name: "env", Kind: KindTexts, Does: "Variables added to the environment of the job's commands.", Example: "{PGHOST: localhost}"},
		{Section: SectionJob, Name: "vars", Kind: KindValues, Does: "What the templates of the job see as .Vars.", Default: "those of the config", Example: "{port: 8080}"},
		{Section: SectionJob, Name: "context", Kind: KindContext, Does: "Encryption context of secrets that name none.", Default: "that of the config", Example: "web"},
		{Section: SectionJob, Name: "schedule", Kind: KindText, Does: "When the daemon checks the job: a cron expression, @daily or @every 5m.", Default: "that of the config", Example: "\"@every 5m\""},
		{Section: SectionJob, Name: "splay", Kind: KindDuration, Does: "Longest delay of each check; every host has a fixed share of it.", Default: "that of the config", Example: "2m"},
		{Section: SectionJob, Name: "allow", Kind: KindList, Does: "Names that templates may ask for, with *.", Default: "all", Example: "[\"web.*\"]"},
		{Section: SectionJob, Name: "allow_no_match", Kind: KindList, Does: "Patterns of names that may match nothing.", Example: "[\"web.*\"]"},
		{Section: SectionJob, Name: "prune", Kind: KindBool, Does: "Whether files that the job made earlier and no longer makes are removed.", Default: "false", Example: "true"},
		{Section: SectionJob, Name: "prune_limit", Kind: KindPercent, Does: "How many of the files that the job made one run may remove.", Default: "10%", Example: "10%"},
		{Section: SectionJob, Name: "restrict", Kind: KindBool, Does: "Whether functions that look outside the store (env, file, hostname, ec2, now) are refused.", Default: "false", Example: "true"},
		{Section: SectionKeypair, Name: "cert", Kind: KindText, Does: "Destination of the certificate.", Example: "/etc/nginx/tls.crt", Required: true},
		{Section: SectionKeypair, Name: "key", Kind: KindText, Does: "Destination of the private key.", Example: "/etc/nginx/tls.key", Required: true},
	}
}

func fileKeys() []Key {
	return []Key{
		{Section: SectionFile, Name: "src", Kind: KindText, Does: "A template, or a folder of them, relative to the config. A file has one of src, content and secret.", Example: "app.conf.tmpl"},
		{Section: SectionFile, Name: "source", Kind: KindText, Does: "Another name of src.", Example: "app.conf.tmpl", Same: "src"},
		{Section: SectionFile, Name: "content", Kind: KindText, Does: "A template, inline.", Example: "'{{ secret \"a\" }}'"},
		{Section: SectionFile, Name: "secret", Kind: KindText, Does: "A secret that is copied byte for byte.", Example: "web.tls.key"},
		{Section: SectionFile, Name: "dest", Kind: KindText, Does: "Absolute path of the file to write.", Example: "/etc/app.conf"},
		{Section: SectionFile, Name: "destination", Kind: KindText, Does: "Another name of dest.", Example: "/etc/app.conf", Same: "dest"},
		{Section: SectionFile, Name: "for_each", Kind: KindEntries, Does: "One file for each entry, which the template knows as .Key and .Value: a list, a map, or a pattern of names.", Default: "one file", Example: "[a.example, b.example]"},
		{Section: SectionFile, Name: "mode", Kind: KindMode, Does: "Permissions of the file.", Default: "those of an existing file, else 0600", Example: "\"0640\""},
		{Section: SectionFile, Name: "owner", Kind: KindUser, Does: "Owner of the file.", Default: "that of an existing file", Example: "root"},
		{Section: SectionFile, Name: "group", Kind: KindUser, Does: "Group of the file.", Default: "that of an existing file", Example: "www-data"},
		{Section: SectionFile, Name: "context", Kind: KindContext, Does: "Encryption context of secrets that name none.", Default: "that of the job", Example: "web"},
		{Section: SectionFile, Name: "check", Kind: KindCommand, Does: "Command that judges the staged file, {{.src}}, before anything changes; the destination is {{.dest}}.", Example: "jq . {{.src}}"},
		{Section: SectionFile, Name: "format", Kind: KindText, Does: "Format that the rendered file must have: json, yaml, toml, env, pem, ini, properties or xml. Values must stay in their places.", Example: "json"},
		{Section: SectionFile, Name: "create_dirs", Kind: KindBool, Does: "Whether missing directories are made.", Default: "false", Example: "true"},
		{Section: SectionFile, Name: "permit", Kind: KindList, Does: "What the file system may ignore: mode, owner or both.", Example: "[mode]"},
		{Section: SectionFile, Name: "in_place", Kind: KindBool, Does: "Whether the file is written instead of replaced, for one that is bind-mounted. That is not atomic.", Default: "false", Example: "true"},
		{Section: SectionFile, Name: "delims", Kind: KindDelims, Does: "Delimiters of actions.", Default: "[\"{{\", \"}}\"]", Example: "[\"[[\", \"]]\"]"},
	}
}

// testKeys are those of a file of golden tests.
func testKeys() []Key {
	return []Key{
		{Section: SectionTests, Name: "template", Kind: KindText, Does: "The template, relative to the test file.", Example: "app.tmpl", Required: true},
		{Section: SectionTests, Name: "config", Kind: KindText, Does: "A config whose settings the template is rendered with.", Example: "credrender.yaml"},
		{Section: SectionTests, Name: "dest", Kind: KindText, Does: "Which file of the config, if several have the template.", Example: "/etc/app.conf"},
		{Section: SectionTests, Name: "partials", Kind: KindList, Does: "Files with definitions.", Example: "[parts/db.tmpl]"},
		{Section: SectionTests, Name: "cases", Kind: KindSection, Does: "The cases.", Example: "[{name: a, want: app.conf}]", Required: true},
		{Section: SectionCase, Name: "name", Kind: KindText, Does: "Name of the case, unique in the file.", Example: "production", Required: true},
		{Section: SectionCase, Name: "fixtures", Kind: KindValues, Does: "Answers of functions, as in the file of --fixtures.", Example: "{secret: {db.password: x}}"},
		{Section: SectionCase, Name: "vars", Kind: KindValues, Does: "What the template sees as .Vars.", Example: "{tls: true}"},
		{Section: SectionCase, Name: "key", Kind: KindText, Does: "The entry of for_each: .Key of the template.", Example: "a.example"},
		{Section: SectionCase, Name: "value", Kind: KindAny, Does: "What the template sees as .Value.", Default: "that of the config's entry, else the key", Example: "{port: 8080}"},
		{Section: SectionCase, Name: "now", Kind: KindTime, Does: "The time of the render.", Example: "2026-01-02T03:04:05Z"},
		{Section: SectionCase, Name: "want", Kind: KindText, Does: "File with the expected output. A case has one of want, want_text and want_error.", Example: "app.conf"},
		{Section: SectionCase, Name: "want_text", Kind: KindText, Does: "The expected output itself.", Example: "|\n  password = x"},
		{Section: SectionCase, Name: "want_error", Kind: KindText, Does: "A part of the expected message.", Example: "db.password"},
	}
}
