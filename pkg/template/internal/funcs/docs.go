package funcs

// Doc describes a function, under all of its names. Help, docs/functions.md and lint
// read it.
type Doc struct {
	Group string
	Names string // separated by spaces, the usual one first
	Args  string // the arguments in order; a value from a pipe is the last
	Does  string
	// Example is an action. It can be rendered unless the function sends requests.
	Example string
}

// The groups of functions, in the order of the manual.
const (
	groupSecrets   = "Secrets"
	groupMachine   = "The machine"
	groupQuoting   = "Quoting for config files"
	groupDocuments = "Documents"
	groupCerts     = "Certificates, keys and passwords"
	groupText      = "Text"
	groupRegex     = "Regular expressions"
	groupNumbers   = "Numbers"
	groupLogic     = "Comparison and defaults"
	groupTypes     = "Types"
	groupLists     = "Lists"
	groupMaps      = "Maps"
	groupDates     = "Dates"
	groupEncoding  = "Encoding and digests"
	groupRandom    = "Random values"
	groupPaths     = "Paths, URLs and versions"
	groupFlow      = "Printing and control"
)

// Docs describes all functions: a test compares it with the table.
func Docs() []Doc {
	all := make([]Doc, 0, 256)
	for _, list := range [][]Doc{askingDocs(), configDocs(), textDocs(), numberDocs(), listDocs(), otherDocs()} {
		all = append(all, list...)
	}
	return all
}

// askingDocs describes the functions that send requests or read the machine.
func askingDocs() []Doc {
	return []Doc{
		{groupSecrets, "secret", "NAME [CTX]...", "The newest version of a secret. CTX is KEY=VALUE, the name of a context in the config, or a map; without it, the default context applies. NAME#/KEY selects a part of a JSON or YAML value.", `{{ secret "db.password" "env=prod" }}`},
		{groupSecrets, "secretVersion", "NAME VERSION [CTX]...", "A specific version of a secret.", `{{ secretVersion "db.password" 7 }}`},
		{groupSecrets, "secretOr", "DEFAULT NAME [CTX]...", "The secret, or DEFAULT if the store has no secret of that name and this host has never rendered one.", `{{ secretOr "info" "app.log-level" }}`},
		{groupSecrets, "secrets", "PATTERN [CTX]...", "A map of names to newest values, for a pattern with *. Reads the whole table.", `{{ range $name, $value := secrets "app.env.*" }}{{ $name }}={{ $value | envquote }}{{ end }}`},
		{groupSecrets, "ssm", "NAME", "A parameter of Parameter Store, also as NAME:VERSION or NAME:LABEL.", `{{ ssm "/app/prod/token" }}`},
		{groupSecrets, "ssmPath", "PATH", "A map of all parameters below a path, by the rest of their names.", `{{ range $name, $value := ssmPath "/app/prod" }}{{ $name }}={{ $value | envquote }}{{ end }}`},
		{groupSecrets, "secretsManager", "ID [JSON_KEY]", "A secret of Secrets Manager, or one key of its JSON.", `{{ secretsManager "app/db" "password" }}`},
		{groupSecrets, "s3secret", "REF [CTX]...", "An encrypted object in S3, decrypted.", `{{ s3secret "s3://config/app/key" "env=prod" }}`},
		{groupSecrets, "s3object", "REF [VERSION]", "A plain object in S3.", `{{ s3object "s3://config/app/banner" }}`},
		{groupSecrets, "s3secrets", "PREFIX [CTX]...", "A map of all encrypted objects below a prefix, by the rest of their names.", `{{ range $name, $value := s3secrets "s3://config/app/" }}{{ $name }}={{ $value | envquote }}{{ end }}`},
		{groupMachine, "env", "NAME", "An environment variable. An unset variable is nil: default replaces it, and printing it is an error.", `{{ env "STAGE" | default "dev" }}`},
		{groupMachine, "envs", "PREFIX", "A map of the environment variables that begin with PREFIX, by the rest of their names.", `{{ range $name, $value := envs "APP_" }}{{ $name }}={{ $value }} {{ end }}`},
		{groupMachine, "expandenv", "TEXT", "TEXT with $NAME and ${NAME} replaced by environment variables.", `{{ expandenv "$HOME/app" }}`},
		{groupMachine, "file", "PATH", "The contents of a file, by its absolute path.", `{{ file "/etc/motd" | trim }}`},
		{groupMachine, "hostname", "", "The name of the host.", `{{ hostname }}`},
		{groupMachine, "ec2", "FACT", "A fact about the EC2 instance, such as instance-id, region or tag/NAME.", `{{ ec2 "region" }}`},
		{groupFlow, "include", "NAME DATA", "The output of the definition NAME for DATA, as text for a pipe.", `{{ include "part" . | indent 4 }}`},
		{groupCerts, "htpasswd", "USER PASSWORD", "A line of a password file for nginx and Apache (SHA-512 crypt). It changes only if user or password change.", `{{ htpasswd "admin" (secret "web.password") }}`},
		{groupCerts, "pkcs12", "CERT KEY PASSWORD", "A PKCS#12 keystore from PEM texts. It must be the whole file.", `{{ pkcs12 (secret "web.crt") (secret "web.key") (secret "web.pass") -}}`},
		{groupCerts, "jks", "CERT KEY PASSWORD", "A Java keystore from PEM texts. It must be the whole file.", `{{ jks (secret "web.crt") (secret "web.key") (secret "web.pass") -}}`},
	}
}

// configDocs describes the functions for config files, documents and keys.
func configDocs() []Doc {
	return []Doc{
		{groupQuoting, "shellquote", "VALUE", "A value as one word of a POSIX shell.", `{{ "it's" | shellquote }}`},
		{groupQuoting, "envquote", "VALUE", "A value for a NAME=VALUE file, which shells and systemd's EnvironmentFile= read alike.", `{{ "a b" | envquote }}`},
		{groupQuoting, "jsonquote", "VALUE", "A JSON string with its quotation marks, valid in YAML too.", `{{ "say \"hi\"" | jsonquote }}`},
		{groupQuoting, "nginxquote", "VALUE", "A parameter of an nginx directive. A value with $ is an error, because nginx has no escape for it.", `{{ "a;b" | nginxquote }}`},
		{groupQuoting, "pgpassquote", "VALUE", "A field of ~/.pgpass.", `{{ "a:b" | pgpassquote }}`},
		{groupQuoting, "iniquote", "VALUE", "A value for Python's configparser, with % written as %%.", `{{ "50%" | iniquote }}`},
		{groupQuoting, "propertiesquote", "VALUE", "A key or value of a Java properties file.", `{{ "a=b" | propertiesquote }}`},
		{groupQuoting, "xmlquote", "VALUE", "Text of an XML element or attribute.", `{{ "a<b" | xmlquote }}`},
		{groupQuoting, "quote", "VALUE...", "Each value in double quotes, in Go's notation, separated by spaces.", `{{ quote "a" 1 }}`},
		{groupQuoting, "squote", "VALUE...", "Each value in single quotes, separated by spaces. A value with a single quote is an error.", `{{ squote "a" 1 }}`},

		{groupDocuments, "fromJson mustFromJson", "TEXT", "The value of a JSON text. Numbers keep their digits.", `{{ ("{\"a\": [1, 2]}" | fromJson).a | join "," }}`},
		{groupDocuments, "fromYaml", "TEXT", "The value of a YAML text.", `{{ ("a: {b: c}" | fromYaml).a.b }}`},
		{groupDocuments, "fromToml", "TEXT", "The map of a TOML text.", `{{ ("a = 1" | fromToml).a }}`},
		{groupDocuments, "toJson mustToJson", "VALUE", "A value as JSON on one line, with <, > and & escaped.", `{{ dict "a" (list 1 2) | toJson }}`},
		{groupDocuments, "toPrettyJson mustToPrettyJson", "VALUE", "A value as indented JSON.", `{{ dict "a" 1 | toPrettyJson }}`},
		{groupDocuments, "toRawJson mustToRawJson", "VALUE", "A value as JSON on one line, without HTML escapes.", `{{ dict "a" "<b>" | toRawJson }}`},
		{groupDocuments, "toYaml", "VALUE", "A value as YAML, without a newline at the end.", `{{ dict "a" (list 1 2) | toYaml }}`},
		{groupDocuments, "toToml", "MAP", "A map as TOML, without a newline at the end.", `{{ dict "a" 1 | toToml }}`},
		{groupDocuments, "minjson", "TEXT", "A JSON text without white space, otherwise unchanged.", `{{ "{ \"a\": 1.0 }" | minjson }}`},
		{groupDocuments, "mergeDeep", "MAP...", "A new map with the keys of all maps. The last one wins; maps are merged at any depth.", `{{ mergeDeep (dict "a" 1 "b" 1) (dict "b" 2) | toJson }}`},
		{groupDocuments, "pystr", "VALUE", "A value as Python's str prints it, for converted Jinja2 templates.", `{{ pystr true }}`},
		{groupDocuments, "pystrs", "LIST", "A list of the elements as Python's str prints them.", `{{ pystrs (list 1 true) | join "," }}`},
		{groupDocuments, "pylen", "VALUE", "The length as Python's len counts it.", `{{ pylen "é" }}`},

		{groupCerts, "certInfo", "PEM", "Facts of the first certificate: .subject, .issuer, .commonName, .sans, .notBefore, .notAfter, .serial, .sha256, .isCA.", ""},
		{groupCerts, "certChain", "PEM...", "All certificates in the order that servers need: the leaf, then the issuer of each.", ""},
		{groupCerts, "pemSplit", "[TYPE] PEM", "A list of the PEM blocks, or of those of one type. PRIVATE KEY selects any private key.", ""},
		{groupCerts, "hmac", "[HASH] KEY VALUE", "An HMAC in hexadecimal. HASH is sha256 (default), sha1 or sha512.", `{{ hmac "key" "value" | trunc 16 }}`},
		{groupCerts, "buildCustomCert", "CERT_BASE64 KEY_BASE64", "An object with .Cert and .Key from two base64 texts, for genSignedCert.", ""},
		{groupCerts, "genPrivateKey", "TYPE", "A new private key: rsa, dsa, ecdsa or ed25519.", ""},
		{groupCerts, "genCA", "COMMON_NAME DAYS", "A new certificate authority, as .Cert and .Key.", ""},
		{groupCerts, "genCAWithKey", "COMMON_NAME DAYS KEY", "A new certificate authority with an existing key.", ""},
		{groupCerts, "genSelfSignedCert", "COMMON_NAME IPS DNS_NAMES DAYS", "A new self-signed certificate, as .Cert and .Key.", ""},
		{groupCerts, "genSelfSignedCertWithKey", "COMMON_NAME IPS DNS_NAMES DAYS KEY", "A new self-signed certificate with an existing key.", ""},
		{groupCerts, "genSignedCert", "COMMON_NAME IPS DNS_NAMES DAYS CA", "A new certificate, signed by a CA.", ""},
		{groupCerts, "genSignedCertWithKey", "COMMON_NAME IPS DNS_NAMES DAYS CA KEY", "A new certificate with an existing key, signed by a CA.", ""},
		{groupCerts, "derivePassword", "COUNTER TYPE PASSWORD USER SITE", "A password derived from a main password (the Master Password algorithm).", ""},
		{groupCerts, "bcrypt", "PASSWORD", "A bcrypt hash with a new salt. Its result changes on each run; that of htpasswd does not.", ""},
		{groupCerts, "encryptAES", "PASSWORD TEXT", "TEXT encrypted with AES-256-CBC, in base64.", ""},
		{groupCerts, "decryptAES", "PASSWORD BASE64", "The text that encryptAES encrypted.", ""},
	}
}
