//go:build interop

package interop

import (
	"fmt"
	"maps"
)

// setup is one way in which credentials reach a program. In its texts $HOME is
// the home directory, $URL what hands out credentials, and $V2, $V1ONLY and so
// on are instances.
type setup struct {
	name    string
	env     map[string]string
	files   map[string]string // below the home directory
	profile string            // --profile
}

const (
	configFile      = ".aws/config"
	credentialsFile = ".aws/credentials"
	static          = "aws_access_key_id = %s\naws_secret_access_key = secret\n"
	roleARN         = "role_arn = arn:aws:iam::123456789012:role/"
)

// keys is a section with static keys of that name.
func keys(section, name string) string {
	return "[" + section + "]\n" + fmt.Sprintf(static, name)
}

func config(text string) map[string]string { return map[string]string{configFile: text} }

func both(cfg, credentials string) map[string]string {
	return map[string]string{configFile: cfg, credentialsFile: credentials}
}

func envs(kv ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return m
}

// with adds files or variables.
func with(base map[string]string, kv ...string) map[string]string {
	m := maps.Clone(base)
	maps.Copy(m, envs(kv...))
	return m
}

var envKeys = envs("AWS_ACCESS_KEY_ID", "ENV", "AWS_SECRET_ACCESS_KEY", "secret")

// setups returns all of them.
func setups() []setup {
	var all []setup
	for _, group := range [][]setup{envSetups(), fileSetups(), roleSetups(), webIdentitySetups(), processSetups(), ssoSetups(), containerSetups(), instanceSetups()} {
		all = append(all, group...)
	}
	return all
}

func envSetups() []setup {
	file := both("", keys("default", "FILE")+keys("p", "PROFILE"))
	return []setup{
		{name: "nothing"},
		{name: "env", env: envKeys},
		{name: "env with a token", env: with(envKeys, "AWS_SESSION_TOKEN", "token")},
		{name: "env with the old token", env: with(envKeys, "AWS_SECURITY_TOKEN", "token")},
		{name: "env before files", env: envKeys, files: file},
		{name: "env before AWS_PROFILE", env: with(envKeys, "AWS_PROFILE", "p"), files: file},
		{name: "--profile before env", env: envKeys, files: file, profile: "p"},
		{name: "--profile that is missing", env: envKeys, files: file, profile: "gone"},
		{name: "env without secret", env: envs("AWS_ACCESS_KEY_ID", "ENV")},
		{name: "env without secret, and a file", env: envs("AWS_ACCESS_KEY_ID", "ENV"), files: file},
		{name: "env without id, and a file", env: envs("AWS_SECRET_ACCESS_KEY", "secret"), files: file},
		{name: "empty env, and a file", env: envs("AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", ""), files: file},
		{name: "a token alone, and a file", env: envs("AWS_SESSION_TOKEN", "token"), files: file},
		{name: "AWS_PROFILE", env: envs("AWS_PROFILE", "p"), files: file},
		{name: "AWS_DEFAULT_PROFILE", env: envs("AWS_DEFAULT_PROFILE", "p"), files: file},
		{name: "AWS_PROFILE that is missing", env: envs("AWS_PROFILE", "gone"), files: file},
		{name: "--profile before AWS_PROFILE", env: envs("AWS_PROFILE", "default"), files: file, profile: "p"},
	}
}

func fileSetups() []setup {
	return []setup{
		{name: "credentials file", files: both("", keys("default", "FILE"))},
		{name: "credentials file with a token", files: both("", keys("default", "FILE")+"aws_session_token = token\n")},
		{name: "config file", files: config(keys("default", "CONFIG"))},
		{name: "config file, profile default", files: config(keys("profile default", "CONFIG"))},
		{name: "both files", files: both(keys("default", "CONFIG"), keys("default", "FILE"))},
		{name: "profile in the config file", files: config(keys("profile p", "CONFIG")), profile: "p"},
		{name: "profile without its word", files: config(keys("p", "CONFIG")), profile: "p"},
		{name: "profile with a quoted name", files: config(keys(`profile "a b"`, "CONFIG")), profile: "a b"},
		{name: "quoted name without need", files: config(keys(`profile "p"`, "CONFIG")), profile: "p"},
		{name: "half a profile", files: both("", "[default]\naws_access_key_id = FILE\n")},
		{name: "id in one file, secret in the other", files: both("[default]\naws_secret_access_key = secret\n", "[default]\naws_access_key_id = FILE\n")},
		{name: "other files", env: envs("AWS_CONFIG_FILE", "$HOME/c", "AWS_SHARED_CREDENTIALS_FILE", "$HOME/s"),
			files: map[string]string{"c": keys("profile p", "CONFIG"), "s": keys("default", "FILE")}},
		{name: "config file below ~", env: envs("AWS_CONFIG_FILE", "~/c"), files: map[string]string{"c": keys("default", "CONFIG")}},
		{name: "credentials file below ~", env: envs("AWS_SHARED_CREDENTIALS_FILE", "~/s"), files: map[string]string{"s": keys("default", "FILE")}},
		{name: "config file that is missing", env: with(envKeys, "AWS_CONFIG_FILE", "$HOME/gone")},
		{name: "comments and blanks", files: both("", "# c\n\n; d\n[default]\n\naws_access_key_id=FILE\n  \naws_secret_access_key =   secret  \n")},
		{name: "lines of DOS", files: both("", "[default]\r\naws_access_key_id = FILE\r\naws_secret_access_key = secret\r\n")},
		{name: "keys in capitals", files: both("", "[default]\nAWS_ACCESS_KEY_ID = FILE\nAws_Secret_Access_Key = secret\n")},
		{name: "nested settings beside", files: config("[default]\ns3 =\n  addressing_style = path\n" + fmt.Sprintf(static, "CONFIG"))},
		{name: "a section twice", files: both("", keys("default", "ONE")+keys("p", "P")+"[default]\naws_access_key_id = TWO\n")},
		{name: "no section", files: both("", "aws_access_key_id = FILE\n")},
		{name: "a name with odd characters", files: config(keys("profile a+b@c.d-e_f", "CONFIG")), profile: "a+b@c.d-e_f"},
	}
}

func roleSetups() []setup {
	base := keys("profile base", "BASE")
	role := func(name, more string) string { return "[profile " + name + "]\n" + roleARN + name + "\n" + more }
	return []setup{
		{name: "role", files: config(role("a", "source_profile = base\n") + base), profile: "a"},
		{name: "role by AWS_PROFILE", env: envs("AWS_PROFILE", "a"), files: config(role("a", "source_profile = base\n") + base)},
		{name: "role, source in the other file", files: both(role("a", "source_profile = base\n"), keys("base", "BASE")), profile: "a"},
		{name: "role in the credentials file", files: both(base, "[a]\n"+roleARN+"a\nsource_profile = base\n"), profile: "a"},
		{name: "chain of three roles", files: config(role("a", "source_profile = b\n") + role("b", "source_profile = c\n") + role("c", "source_profile = base\n") + base), profile: "a"},
		{name: "role that is its own source", files: config(role("a", "source_profile = a\n"+fmt.Sprintf(static, "SELF"))), profile: "a"},
		{name: "source with keys and a role", files: config(role("a", "source_profile = b\n") + role("b", "source_profile = base\n"+fmt.Sprintf(static, "B")) + base), profile: "a"},
		{name: "a loop", files: config(role("a", "source_profile = b\n") + role("b", "source_profile = a\n")), profile: "a"},
		{name: "its own source without keys", files: config(role("a", "source_profile = a\n")), profile: "a"},
		{name: "default role", files: config("[default]\n" + roleARN + "d\nsource_profile = base\n" + base)},
		{name: "env before a default role", env: envKeys, files: config("[default]\n" + roleARN + "d\nsource_profile = base\n" + base)},
		{name: "role with all settings", files: config(role("a", "source_profile = base\nexternal_id = x-1\nduration_seconds = 1234\nrole_session_name = named\n") + base), profile: "a"},
		{name: "role that needs MFA", files: config(role("a", "source_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/u\n") + base), profile: "a"},
		{name: "source that is missing", files: config(role("a", "source_profile = gone\n")), profile: "a"},
		{name: "source without keys", files: config(role("a", "source_profile = base\n") + "[profile base]\nregion = eu-west-1\n"), profile: "a"},
		{name: "role without a source", files: config(role("a", "")), profile: "a"},
		{name: "two sources", env: envKeys, files: config(role("a", "source_profile = base\ncredential_source = Environment\n") + base), profile: "a"},
		{name: "role from env", env: envKeys, files: config(role("a", "credential_source = Environment\n")), profile: "a"},
		{name: "role from env without any", files: config(role("a", "credential_source = Environment\n")), profile: "a"},
		{name: "role from the instance", env: envs("AWS_EC2_METADATA_DISABLED", "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "$V2"), files: config(role("a", "credential_source = Ec2InstanceMetadata\n")), profile: "a"},
		{name: "role from the container", env: envs("AWS_CONTAINER_CREDENTIALS_FULL_URI", "$URL/container"), files: config(role("a", "credential_source = EcsContainer\n")), profile: "a"},
		{name: "unknown source of credentials", files: config(role("a", "credential_source = Moon\n")), profile: "a"},
		{name: "role that STS refuses", files: config(role("denied", "source_profile = base\n") + base), profile: "denied"},
		{name: "role of a process", files: with(config(role("a", "source_profile = p\n")+"[profile p]\ncredential_process = $HOME/p\n"), "p", process("PROCESS", "")), profile: "a"},
		{name: "role of a web identity", files: with(config(role("a", "source_profile = w\n")+role("w", "web_identity_token_file = $HOME/token\n")), "token", "a.web.token"), profile: "a"},
		{name: "role of an SSO session", files: loggedIn(role("a", "source_profile = s\n")+legacySSO("profile s"), "https://start", "sso-cached", "2999-01-01T00:00:00Z"), profile: "a"},
	}
}
