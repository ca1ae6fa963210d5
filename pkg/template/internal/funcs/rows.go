package funcs

import (
	"regexp"
	"sync"

	"github.com/credrender/credrender/pkg/template/document"
)

// rows is the one table of functions: all of Sprig's, whatever became of them, and
// our own. A function of Sprig's that is not in it is not registered, and turns
// TestTableHasSprig red, so that none comes in unexamined with a new version.
//
// docs/conversions.md tells users of it.
var rows = sync.OnceValue(func() []row {
	return []row{
		// Dates.
		{"now", Replaced, Volatile, now, nil}, // the time of the run
		{"ago", Strict, Volatile, ago, nil},
		{"date", Strict, 0, date, nil},
		{"dateInZone date_in_zone", Strict, 0, dateIn, nil},
		{"htmlDate", Strict, 0, htmlDate, nil},
		{"htmlDateInZone", Strict, 0, htmlDateIn, nil},
		{"toDate mustToDate", Strict, 0, toDate, nil},
		{"dateModify date_modify mustDateModify must_date_modify", Strict, 0, dateModify, nil},
		{"duration", Strict, 0, duration, nil},
		{"durationRound", Strict, 0, nil, overDurationRound},
		{"unixEpoch", Unchanged, 0, nil, nil},

		// Text. What works on characters would write U+FFFD for bytes that are none.
		{"upper lower title untitle swapcase snakecase camelcase kebabcase nospace", Strict, Text, nil, unwrapped},
		{"initials", Replaced, Text, initials, nil}, // Sprig's takes the first byte of a word
		{"shuffle", Strict, Text | Volatile, nil, unwrapped},
		{"abbrev", Strict, Text, nil, overAbbrev},
		{"abbrevboth", Strict, Text, nil, overAbbrevBoth},
		{"wrap", Strict, Text | Positive, nil, unwrapped},
		{"wrapWith", Strict, Text | Positive, nil, overWrapWith},
		{"hello trim trimAll trimall trimPrefix trimSuffix contains hasPrefix hasSuffix", Unchanged, 0, nil, nil},
		{"trunc substr split splitList splitn plural", Unchanged, 0, nil, nil}, // whole numbers and cut characters: the caller checks
		{"repeat", Strict, 0, repeat, nil},
		{"indent", Strict, 0, indent, nil},
		{"nindent", Strict, 0, nindent, nil},
		{"replace", Strict, 0, replace, nil},
		{"quote", Strict, Text | Walks, quote, nil},
		{"squote", Strict, Walks, squote, nil},
		{"cat", Strict, Walks, cat, nil},
		{"toString", Strict, Walks, toString, nil},
		{"toStrings", Strict, Walks, listed, nil},
		{"join", Strict, Walks, join, nil},
		{"sortAlpha", Replaced, Walks, sortAlpha, nil}, // Sprig's sorts its argument in place
		{"sha1sum sha256sum sha512sum adler32sum", Unchanged, 0, nil, nil},
		{"uuidv4", Unchanged, Volatile, nil, nil},
		{"regexMatch mustRegexMatch", Strict, 0, regexp.MatchString, nil},
		{"regexFind mustRegexFind", Strict, 0, regexFind, nil},
		{"regexFindAll mustRegexFindAll", Strict, 0, regexFindAll, nil},
		{"regexSplit mustRegexSplit", Strict, 0, regexSplit, nil},
		{"regexReplaceAll mustRegexReplaceAll", Strict, 0, regexReplaceAll, nil},
		{"regexReplaceAllLiteral mustRegexReplaceAllLiteral", Strict, 0, regexReplaceAllLiteral, nil},
		{"regexQuoteMeta semver semverCompare", Unchanged, 0, nil, nil},
		{"base dir clean osBase osDir osClean", Strict, 0, nil, overPath},
		{"ext isAbs osExt osIsAbs", Unchanged, 0, nil, nil},
		{"urlParse", Strict, 0, nil, overURLParse},
		{"urlJoin", Strict, 0, nil, overURLJoin},
		{"b64enc b32enc", Unchanged, 0, nil, nil},
		{"b64dec", Strict, Bytes, fromBase64, nil},
		{"b32dec", Strict, Bytes, fromBase32, nil},

		// Numbers.
		{"int", Strict, Numeric, toInt, nil},
		{"int64", Strict, Numeric, toInt64, nil},
		{"float64", Strict, Numeric, Float, nil},
		{"atoi", Strict, Numeric, atoi, nil},
		{"toDecimal", Strict, Numeric, toDecimal, nil},
		{"add", Strict, Numeric, add, nil},
		{"add1", Strict, Numeric, add1, nil},
		{"sub", Strict, Numeric, sub, nil},
		{"mul", Strict, Numeric, mul, nil},
		{"div", Strict, Numeric, div, nil},
		{"mod", Strict, Numeric, mod, nil},
		{"max biggest", Strict, Numeric, maximum, nil},
		{"min", Strict, Numeric, minimum, nil},
		{"add1f ceil floor", Strict, Numeric, nil, overFloat},
		{"addf", Strict, Numeric, nil, overFloats},
		{"subf divf mulf maxf minf", Strict, Numeric, nil, overFloats1},
		{"round", Replaced, Numeric, round, nil}, // Sprig's rounds negative numbers down
		{"until", Strict, 0, until, nil},
		{"untilStep", Strict, 0, untilStep, nil},
		{"seq", Strict, 0, seq, nil},

		// Truth, comparison and types: they know the numbers of documents.
		{"default", Replaced, 0, defaultTo, nil},
		{"empty", Replaced, 0, isEmpty, nil},
		{"coalesce", Replaced, 0, coalesce, nil},
		{"all", Replaced, 0, all, nil},
		{"any", Replaced, 0, anyOf, nil},
		{"ternary", Unchanged, 0, nil, nil},
		{"deepEqual", Replaced, Walks, same, nil},
		{"kindOf", Replaced, 0, kindName, nil},
		{"kindIs", Strict, 0, kindIs, nil},
		{"typeOf", Replaced, 0, typeName, nil},
		{"typeIs", Replaced, 0, typeIs, nil},
		{"typeIsLike", Replaced, 0, typeIsLike, nil},
		{"deepCopy mustDeepCopy", Replaced, Walks, DeepCopy, nil},

		// Lists and maps.
		{"list tuple append push mustAppend mustPush prepend mustPrepend concat", Unchanged, 0, nil, nil},
		{"first mustFirst last mustLast rest mustRest initial mustInitial reverse mustReverse", Unchanged, 0, nil, nil},
		{"chunk mustChunk", Strict, Positive, nil, unwrapped},
		{"compact mustCompact", Replaced, 0, compact, nil},
		{"uniq mustUniq", Replaced, Walks, uniq, nil},
		{"without mustWithout", Replaced, Walks, without, nil},
		{"has mustHas", Replaced, Walks, has, nil},
		{"slice mustSlice", Strict, 0, slice, nil},
		{"dict", Strict, 0, dict, nil},
		{"get", Strict, 0, get, nil},
		{"hasKey pluck pick omit dig", Unchanged, 0, nil, nil}, // what is missing is missing by design
		{"set unset", Unchanged, Mutates, nil, nil},
		{"keys", Replaced, 0, keys, nil},
		{"values", Replaced, 0, values, nil},
		{"merge mustMerge", Replaced, Mutates, merge, nil},
		{"mergeOverwrite mustMergeOverwrite", Replaced, Mutates, mergeOverwrite, nil},

		// Documents.
		{"fromJson mustFromJson", Replaced, 0, document.JSON, nil},
		{"toJson mustToJson", Strict, Text | Walks, toJSON, nil},
		{"toPrettyJson mustToPrettyJson", Strict, Text | Walks, toPrettyJSON, nil},
		{"toRawJson mustToRawJson", Strict, Text | Walks, RawJSON, nil},
		{"fromYaml", Own, 0, document.YAML, nil},
		{"fromToml", Own, 0, document.TOML, nil},
		{"toYaml", Own, Text | Walks, ToYAML, nil},
		{"toToml", Own, Text | Walks, ToTOML, nil},
		{"mergeDeep", Own, Walks, mergeDeep, nil},
		{"minjson", Own, Text, MinJSON, nil},
		{"pystr", Own, Text, pyStr, nil},
		{"pystrs", Own, Text | Walks, pyStrs, nil},
		{"pylen", Own, Text | Walks, pyLen, nil},
		{"pathMap", Own, Walks, pathMap, nil},
		{"pathValue", Own, 0, pathValue, nil},
		{"pathPairs", Own, Walks, pathPairs, nil},
		{"pathValues", Own, Walks, pathValues, nil},
		{"pathNames", Own, Walks, pathNames, nil},
		{"pathDirs", Own, Walks, pathDirs, nil},
		{"sortByLength", Own, Walks, sortByLength, nil},

		// Keys and what is random.
		{"bcrypt", Strict, Volatile, nil, overBcrypt},
		{"derivePassword", Strict, 0, nil, overDerivePassword},
		{"genPrivateKey", Strict, Volatile, nil, overGenPrivateKey},
		{"genCA genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey", Strict, Volatile | Positive, nil, unwrapped},
		{"buildCustomCert", Unchanged, 0, nil, nil},
		{"encryptAES", Strict, Volatile, nil, overEncryptAES},
		{"decryptAES", Strict, Bytes, decryptAES, nil},
		{"randAlphaNum randAlpha randAscii randNumeric", Strict, Volatile | Positive, nil, overRandom},
		{"randBytes", Strict, Volatile | Positive, nil, overRandBytes},
		{"randInt", Strict, Volatile | Numeric, nil, overRandInt},
		{"fail", Replaced, 0, fail, nil},
		{"required", Own, 0, required, nil},
		{"include pkcs12 jks", Own, 0, nil, nil}, // package template
		{"hmac", Own, 0, hmacHex, nil},
		{"pemSplit", Own, 0, PEMSplit, nil},
		{"certInfo", Own, 0, CertInfo, nil},
		{"certChain", Own, 0, CertChain, nil},

		// What reaches outside.
		{"env expandenv", Replaced, 0, nil, nil},
		{"htpasswd", Replaced, 0, nil, nil},
		{"getHostByName", Removed, 0, nil, nil},

		// text/template's own, of which it exports none but the printing ones.
		{"index", Own, 0, index, nil},
		{"len", Own, Numeric, length, nil},
		{"eq", Own, Walks, eq, nil},
		{"ne", Own, Walks, ne, nil},
		{"lt", Own, 0, lt, nil},
		{"le", Own, 0, le, nil},
		{"gt", Own, 0, gt, nil},
		{"ge", Own, 0, ge, nil},
		{"not", Own, 0, not, nil},
		{"print", Own, Walks, print, nil},
		{"println", Own, Walks, println, nil},
		{"printf", Own, Walks, printf, nil},
		{"html", Own, Walks, html, nil},
		{"js", Own, Walks, js, nil},
		{"urlquery", Own, Walks, urlquery, nil},

		// The quoting of config languages.
		{"shellquote", Own, 0, ShellQuote, nil},
		{"envquote", Own, 0, EnvQuote, nil},
		{"jsonquote", Own, 0, JSONQuote, nil},
		{"nginxquote", Own, 0, NginxQuote, nil},
		{"pgpassquote", Own, 0, PgpassQuote, nil},
		{"iniquote", Own, 0, INIQuote, nil},
		{"propertiesquote", Own, 0, PropertiesQuote, nil},
		{"xmlquote", Own, 0, XMLQuote, nil},
	}
})

// unwrapped is Sprig's own function, which is strict by its traits.
func unwrapped(own any) any { return own }

// required returns a value that is neither nil nor an empty string, as Helm's does.
func required(msg string, value any) (any, error) {
	if value == nil || value == "" {
		return fail(msg)
	}
	return value, nil
}

func fail(msg string) (string, error) {
	return "", &Failure{Text: msg, Safe: "(message hidden: it may depend on a secret)"}
}
