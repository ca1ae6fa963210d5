//go:build interop

package interop

import (
	"crypto/sha1" // the SDKs name cached sessions by it
	"encoding/hex"
	"fmt"
)

// Set-ups in which a service or a program hands out the credentials.

func webIdentitySetups() []setup {
	token := map[string]string{"token": "a.web.token"}
	irsa := envs("AWS_WEB_IDENTITY_TOKEN_FILE", "$HOME/token", "AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/w")
	profile := "[default]\n" + roleARN + "p\nweb_identity_token_file = $HOME/token\n"
	return []setup{
		{name: "web identity", env: irsa, files: token},
		{name: "web identity with a session name", env: with(irsa, "AWS_ROLE_SESSION_NAME", "named"), files: token},
		{name: "env before web identity", env: with(irsa, "AWS_ACCESS_KEY_ID", "ENV", "AWS_SECRET_ACCESS_KEY", "secret"), files: token},
		{name: "web identity before the file's keys", env: irsa, files: with(token, credentialsFile, keys("default", "FILE"))},
		{name: "web identity without its file", env: irsa},
		{name: "web identity without a role", env: envs("AWS_WEB_IDENTITY_TOKEN_FILE", "$HOME/token"), files: token},
		{name: "a role without web identity", env: envs("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/w"), files: both("", keys("default", "FILE"))},
		{name: "web identity that STS refuses", env: with(irsa, "AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/denied"), files: token},
		{name: "web identity of a profile", files: with(token, configFile, profile)},
		{name: "web identity of a profile without its file", files: config(profile)},
		{name: "--profile before web identity", env: irsa, files: with(token, credentialsFile, keys("p", "PROFILE")), profile: "p"},
		{name: "an empty token", env: irsa, files: map[string]string{"token": ""}},
	}
}

// process is a credential_process that prints credentials, with more fields.
func process(key, more string) string {
	return fmt.Sprintf("#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"%s'\"$1\"'\", \"SecretAccessKey\": \"secret\"%s}'\n", key, more)
}

func processSetups() []setup {
	of := func(script string) map[string]string {
		return map[string]string{configFile: "[default]\ncredential_process = $HOME/p\n", "p": script}
	}
	return []setup{
		{name: "process", files: of(process("PROCESS", ""))},
		{name: "process with a token and a date", files: of(process("PROCESS", `, "SessionToken": "token", "Expiration": "2999-01-01T00:00:00Z"`))},
		{name: "process with an expired date", files: of(process("PROCESS", `, "Expiration": "2001-01-01T00:00:00Z"`))},
		{name: "process with a bad date", files: of(process("PROCESS", `, "Expiration": "soon"`))},
		{name: "process with arguments", files: with(of(process("PROCESS", "")), configFile, "[default]\ncredential_process = $HOME/p .x\n")},
		{name: "process with a quoted path", files: map[string]string{configFile: "[default]\ncredential_process = \"$HOME/p q\" \".x y\"\n", "p q": process("PROCESS", "")}},
		{name: "process of another version", files: of("#!/bin/sh\necho '{\"Version\": 2, \"AccessKeyId\": \"P\", \"SecretAccessKey\": \"s\"}'\n")},
		{name: "process without a version", files: of("#!/bin/sh\necho '{\"AccessKeyId\": \"P\", \"SecretAccessKey\": \"s\"}'\n")},
		{name: "process without a secret", files: of("#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"P\"}'\n")},
		{name: "process that prints no JSON", files: of("#!/bin/sh\necho hello\n")},
		{name: "process that prints nothing", files: of("#!/bin/sh\n")},
		{name: "process that fails", files: of("#!/bin/sh\nexit 3\n")},
		{name: "process that is missing", files: config("[default]\ncredential_process = $HOME/gone\n")},
		{name: "process in the credentials file", files: map[string]string{credentialsFile: "[default]\ncredential_process = $HOME/p\n", "p": process("PROCESS", "")}},
		{name: "process, and keys in the credentials file", files: with(of(process("PROCESS", "")), credentialsFile, keys("default", "FILE"))},
		{name: "process and keys in the config file", files: with(of(process("PROCESS", "")), configFile, keys("default", "CONFIG")+"credential_process = $HOME/p\n")},
	}
}

// loggedIn is a config file with a session beside it, as "aws sso login" leaves
// it. The session's name is that in the config, or the address.
func loggedIn(text, name, token, expires string) map[string]string {
	return map[string]string{configFile: text, ssoCache(name): fmt.Sprintf(
		`{"startUrl": "https://start", "region": "eu-west-1", "accessToken": %q, "expiresAt": %q, "clientId": "c", "clientSecret": "s", `+
			`"registrationExpiresAt": "2999-01-01T00:00:00Z", "refreshToken": "r"}`, token, expires)}
}

func ssoCache(name string) string {
	sum := sha1.Sum([]byte(name))
	return ".aws/sso/cache/" + hex.EncodeToString(sum[:]) + ".json"
}

func legacySSO(section string) string {
	return "[" + section + "]\nsso_start_url = https://start\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = viewer\n"
}

func ssoSetups() []setup {
	const never, past = "2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
	session := "[default]\nsso_session = work\nsso_account_id = 123456789012\nsso_role_name = viewer\n" +
		"[sso-session work]\nsso_start_url = https://start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n"
	half := "[default]\nsso_session = work\nsso_account_id = 123456789012\n[sso-session work]\nsso_start_url = https://start\nsso_region = eu-west-1\n"
	return []setup{
		{name: "SSO", files: loggedIn(session, "work", "sso-cached", never)},
		{name: "SSO session that is refreshed", files: loggedIn(session, "work", "sso-cached", past)},
		{name: "SSO without a login", files: config(session)},
		{name: "SSO with a login that the portal refuses", files: loggedIn(session, "work", "bad", never)},
		{name: "SSO session that is not configured", files: loggedIn("[default]\nsso_session = work\nsso_account_id = 1\nsso_role_name = viewer\n", "work", "sso-cached", never)},
		{name: "SSO without a role", files: loggedIn(half, "work", "sso-cached", never)},
		{name: "old SSO", files: loggedIn(legacySSO("default"), "https://start", "sso-cached", never)},
		{name: "old SSO with an expired login", files: loggedIn(legacySSO("default"), "https://start", "sso-cached", past)},
		{name: "old SSO without a login", files: config(legacySSO("default"))},
		{name: "old SSO with a damaged login", files: map[string]string{configFile: legacySSO("default"), ssoCache("https://start"): "{"}},
		{name: "SSO and keys", files: with(loggedIn(session, "work", "sso-cached", never), credentialsFile, keys("default", "FILE"))},
	}
}

func containerSetups() []setup {
	agent := envs("AWS_CONTAINER_CREDENTIALS_FULL_URI", "$URL/container")
	return []setup{
		{name: "container", env: agent},
		{name: "container with a token", env: with(agent, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret-token")},
		{name: "container with a token file", env: with(agent, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "$HOME/token"), files: map[string]string{"token": "from-file"}},
		{name: "container with token and token file", env: with(agent, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "t", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "$HOME/token"), files: map[string]string{"token": "from-file"}},
		{name: "container without its token file", env: with(agent, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "$HOME/gone")},
		{name: "container with a broken token", env: with(agent, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nb")},
		{name: "file before container", env: agent, files: both("", keys("default", "FILE"))},
		{name: "container elsewhere", env: envs("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/container")},
		{name: "container that has none", env: envs("AWS_CONTAINER_CREDENTIALS_FULL_URI", "$URL/container/404")},
		{name: "container that answers a page", env: envs("AWS_CONTAINER_CREDENTIALS_FULL_URI", "$URL/container/garbage")},
		{name: "container before the instance", env: with(agent, "AWS_EC2_METADATA_DISABLED", "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "$V2")},
	}
}

// relativeSetups take the address of ECS's agent.
func relativeSetups() []setup {
	relative := envs("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/container")
	return []setup{
		{name: "relative address", env: relative},
		{name: "relative address with a token", env: with(relative, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "t")},
		{name: "relative before full address", env: with(relative, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "$URL/container/404")},
		{name: "EKS's agent", env: envs("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/container")},
		{name: "relative address behind a proxy", env: with(relative, "HTTP_PROXY", "http://127.0.0.1:1", "HTTPS_PROXY", "http://127.0.0.1:1", "NO_PROXY", "127.0.0.1")},
		{name: "the instance's own address", env: envs("AWS_EC2_METADATA_DISABLED", "false")},
		{name: "the instance's own address behind a proxy", env: envs("AWS_EC2_METADATA_DISABLED", "false", "HTTP_PROXY", "http://127.0.0.1:1", "NO_PROXY", "127.0.0.1")},
	}
}

func instanceSetups() []setup {
	var list []setup
	for name, address := range map[string]string{"": "$V2", " with IMDSv1 only": "$V1ONLY", " without a role": "$NOROLE",
		" whose role fails": "$FAILED", " that answers a page": "$GARBAGE", " that forbids": "$FORBIDDEN"} {
		list = append(list, setup{name: "instance" + name, env: envs("AWS_EC2_METADATA_DISABLED", "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT", address)})
	}
	return append(list,
		setup{name: "instance that is switched off", env: envs("AWS_EC2_METADATA_DISABLED", "true", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "$V2")},
		setup{name: "IMDSv1 only, and forbidden", env: envs("AWS_EC2_METADATA_DISABLED", "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "$V1ONLY", "AWS_EC2_METADATA_V1_DISABLED", "true")},
		setup{name: "file before instance", env: envs("AWS_EC2_METADATA_DISABLED", "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "$V2"), files: both("", keys("default", "FILE"))},
	)
}
