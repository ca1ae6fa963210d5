package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/viper"
)

// Flag is a global flag. Its variable and its key in a file follow from Name.
type Flag struct {
	Name    string
	Short   string // may be empty
	Usage   string // for the help, with the value's name in back quotes
	Default string // for the help; Load applies it
	Repeat  bool   // may be given more than once
}

// Env returns the environment variable of the flag, such as CREDRENDER_KMS_REGION.
func (f Flag) Env() string { return envPrefix + strings.ToUpper(f.Key()) }

// Key returns the flag's key in a file, such as kms_region.
func (f Flag) Key() string { return strings.ReplaceAll(f.Name, "-", "_") }

const envPrefix = "CREDRENDER_"

// Flags returns the global flags in the order of the manual. The command line registers
// them.
func Flags() []Flag {
	var list []Flag
	for _, s := range settings() {
		if !s.noFlag {
			list = append(list, s.Flag)
		}
	}
	return list
}

// scope is the range in which a setting has effect.
type scope int

const (
	ofFile    scope = iota // on the jobs of its file
	ofProcess              // the process; the files of a directory have to agree
	outside                // flags and environment only: no key in a file
)

// setting is a scalar from flags, environment or files.
type setting struct {
	Flag
	scope   scope
	noFlag  bool
	example string // for the message if the value in a file is not a string
	// norm checks a value and makes its paths absolute; relative ones start at dir.
	norm func(value, dir string) (string, error)
}

func settings() []setting {
	return []setting{
		{Flag: Flag{Name: "config", Short: "c", Default: DefaultPath, Usage: "YAML `FILE` or directory with settings and jobs"}, scope: outside, norm: path},
		{Flag: Flag{Name: "store", Default: dynamoDB, Usage: "`STORE` of secrets: dynamodb, local[:PATH] or s3://BUCKET/PREFIX"}, norm: store},
		{Flag: Flag{Name: "table", Short: "t", Default: defaultTable, Usage: "DynamoDB `TABLE`, a name or an ARN"}, norm: table},
		{Flag: Flag{Name: "key", Short: "k", Default: "alias/credstash", Usage: "KMS `KEY` for writes"}, norm: kmsKey},
		{Flag: Flag{Name: "local-key", Usage: "key `FILE` of the local store"}, norm: path},
		{Flag: Flag{Name: "region", Short: "r", Usage: "AWS `REGION`"}, norm: region},
		{Flag: Flag{Name: "kms-region", Usage: "AWS `REGION` of KMS, if it differs"}, norm: region},
		{Flag: Flag{Name: "profile", Short: "p", Usage: "AWS `PROFILE`"}, norm: anything},
		{Flag: Flag{Name: "arn", Usage: "`ROLE` to assume, as an ARN"}, norm: role},
		{Flag: Flag{Name: "grant-token", Repeat: true, Usage: "`TOKEN` of a KMS grant that is less than five minutes old"}, scope: ofProcess, norm: anything},
		{Flag: Flag{Name: "state-dir", Usage: "`DIR` of installed versions, pending hooks and locks"}, scope: ofProcess, norm: path},
		{Flag: Flag{Name: "timeout", Default: "2m", Usage: "wait up to `DURATION` for AWS, credentials and metadata"}, scope: ofProcess, norm: duration, example: "30s"},
		{Flag: Flag{Name: "trusted-owner", Repeat: true, Usage: "`USER` whose files root also trusts"}, scope: outside, norm: users},
		{Flag: Flag{Name: "log-level", Default: "info", Usage: "least `LEVEL` to log: debug, info, warn or error"}, scope: ofProcess, norm: oneOf("debug", "info", "warn", "error")},
		{Flag: Flag{Name: "log-format", Default: "text", Usage: "`FORMAT` of messages: text or json"}, scope: ofProcess, norm: oneOf("text", "json")},
		{Flag: Flag{Name: "schedule"}, noFlag: true, norm: cronSpec},
		{Flag: Flag{Name: "full-refresh", Default: "10m"}, noFlag: true, scope: ofProcess, norm: duration, example: "10m"},
		{Flag: Flag{Name: "listen"}, noFlag: true, scope: ofProcess, norm: listen},
		{Flag: Flag{Name: "textfile"}, noFlag: true, scope: ofProcess, norm: path},
		{Flag: Flag{Name: "boot-wait", Default: "2s"}, noFlag: true, scope: ofProcess, norm: duration, example: "2s"},
		{Flag: Flag{Name: "ready", Default: ReadyFiles}, noFlag: true, scope: ofProcess, norm: oneOf(ReadyFiles, ReadyBestEffort)},
		{Flag: Flag{Name: "splay"}, noFlag: true, norm: duration, example: "30s"},
	}
}

// layers are the values that apply to every file.
type layers struct {
	env              map[string]string // the whole environment
	flags, variables map[string]string // by setting, normalized
}

// newLayers reads flags and environment, and reports all faults in them. An empty
// variable counts as unset.
func newLayers(o Options) (layers, []error) {
	l := layers{env: map[string]string{}, flags: map[string]string{}, variables: map[string]string{}}
	for _, kv := range o.Environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			l.env[k] = v
		}
	}
	var errs []error
	put := func(to map[string]string, s setting, key, value string) {
		norm, err := s.norm(value, o.Dir)
		if err != nil {
			errs = append(errs, &Error{Key: key, Msg: err.Error(), Err: err})
		}
		to[s.Name] = norm
	}
	known := map[string]bool{}
	for _, s := range settings() {
		known[s.Name] = true
		if v := l.env[s.Env()]; v != "" {
			put(l.variables, s, s.Env(), v)
		}
		if v, ok := o.Flags[s.Name]; ok {
			put(l.flags, s, "--"+s.Name, v)
		}
	}
	for name := range o.Flags {
		if !known[name] {
			errs = append(errs, &Error{Key: "--" + name, Msg: "is not a global flag"})
		}
	}
	return l, errs
}

// Timeout returns the time limit of a command that reads no config file: that of its flag,
// its variable or the default.
func Timeout(o Options) (time.Duration, error) {
	all := settings()
	mine := all[slices.IndexFunc(all, func(s setting) bool { return s.Name == "timeout" })]
	o.Environ = slices.DeleteFunc(slices.Clone(o.Environ), func(kv string) bool { return !strings.HasPrefix(kv, mine.Env()+"=") })
	if value, given := o.Flags[mine.Name]; given {
		o.Flags = map[string]string{mine.Name: value}
	} else {
		o.Flags = nil
	}
	l, errs := newLayers(o)
	return l.resolve(nil).GetDuration(mine.Name), errors.Join(errs...)
}

// resolve merges the settings of a file: flags, then variables, then the file, then
// defaults. The variables are set as values, because viper would read the process's own
// environment.
func (l layers) resolve(file map[string]scalar) *viper.Viper {
	v := viper.New()
	for _, s := range settings() {
		v.SetDefault(s.Name, s.Default)
	}
	if table := l.env["CREDSTASH_DEFAULT_TABLE"]; table != "" {
		v.SetDefault("table", table)
	}
	values := map[string]any{}
	for name, s := range file {
		values[name] = s.value
	}
	_ = v.MergeConfigMap(values) // it never fails for a flat map
	for _, layer := range []map[string]string{l.variables, l.flags} {
		for name, value := range layer {
			v.Set(name, value)
		}
	}
	return v
}

// strangers returns a warning for each CREDRENDER_ variable that is not a setting.
func (l layers) strangers() (warnings []string) {
	known := []string{"JOB", "CHANGED", "LOCK", "STEP", "SECRET", "VERSION", // set for commands
		"COMPLETE"} // of the completion of command lines
	for _, s := range settings() {
		known = append(known, strings.TrimPrefix(s.Env(), envPrefix))
	}
	for _, variable := range slices.Sorted(maps.Keys(l.env)) {
		name, ok := strings.CutPrefix(variable, envPrefix)
		if !ok || slices.Contains(known, name) {
			continue
		}
		w := variable + " is not a credrender setting"
		if other := nearest(name, known); other != "" {
			w += ", did you mean " + envPrefix + other + "?"
		}
		warnings = append(warnings, w)
	}
	return warnings
}

// Variable is the environment variable of a setting.
type Variable struct {
	Name string // such as CREDRENDER_KMS_REGION
	Does string // a sentence
}

// Variables returns the environment variables of all settings, those without a flag
// included. They are described as their keys, or as their flags if they have no key.
func Variables() (list []Variable) {
	does := map[string]string{}
	for _, k := range Keys() {
		if k.Section == SectionTop {
			does[k.Name] = k.Does
			if k.Default != "" {
				does[k.Name] += " Default: " + k.Default + "."
			}
		}
	}
	for _, s := range settings() {
		v := Variable{Name: s.Env(), Does: does[s.Key()]}
		if v.Does == "" {
			v.Does = strings.ToUpper(s.Usage[:1]) + s.Usage[1:] + "."
			v.Does = strings.ReplaceAll(v.Does, "`", "")
		}
		list = append(list, v)
	}
	return list
}
