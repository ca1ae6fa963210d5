package config

import (
	"github.com/credrender/credrender/internal/job"
)

// SchemaDialect is the version of JSON Schema that editors know best.
const SchemaDialect = "http://json-schema.org/draft-07/schema#"

// schema is a JSON Schema.
type schema map[string]any

// Modeline is a comment that tells yaml-language-server, and the editors that use it, the
// schema of a file.
func Modeline(path string) string { return "# yaml-language-server: $schema=" + path + "\n" }

// Schema returns the JSON Schema of a config file. It is no stricter than Load, which also
// checks what a schema cannot say.
func Schema() map[string]any {
	s := object(SectionTop)
	s["$schema"], s["title"] = SchemaDialect, "credrender config"
	s["definitions"] = map[string]any{
		"source": object(SectionSource), "job": jobSchema(), "file": fileSchema(object(SectionFile)), "keypair": object(SectionKeypair),
	}
	return s
}

// TestSchema returns the JSON Schema of a file of golden tests.
func TestSchema() map[string]any {
	s := object(SectionTests)
	s["$schema"], s["title"] = SchemaDialect, "credrender test"
	one := object(SectionCase)
	one["oneOf"] = requireOne("want", "want_text", "want_error")
	s["definitions"] = map[string]any{"case": one}
	return s
}

// object returns the schema of a section.
func object(section Section) schema {
	properties, required := map[string]any{}, []string{}
	for _, k := range Keys() {
		if k.Section != section {
			continue
		}
		properties[k.Name] = k.schema()
		if k.Required {
			required = append(required, k.Name)
		}
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// jobSchema is that of a job, which has files, or the keys of a single file.
func jobSchema() schema {
	s := object(SectionJob)
	own := s["properties"].(map[string]any)
	inline := object(SectionFile)["properties"].(map[string]any)
	for name, of := range inline {
		if own[name] == nil {
			own[name] = of
		}
	}
	s["oneOf"] = []any{
		schema{"required": []string{"files"}, "properties": forbidden("src", "source", "content", "secret", "dest", "destination")},
		fileSchema(schema{"properties": forbidden("files")}),
	}
	return s
}

// fileSchema adds what a file must have.
func fileSchema(s schema) schema {
	s["allOf"] = []any{
		schema{"oneOf": requireOne("src", "source", "content", "secret")},
		schema{"oneOf": requireOne("dest", "destination")},
	}
	return s
}

func requireOne(names ...string) (any []any) {
	for _, name := range names {
		any = append(any, schema{"required": []string{name}})
	}
	return any
}

func forbidden(names ...string) map[string]any {
	all := map[string]any{}
	for _, name := range names {
		all[name] = false
	}
	return all
}

// schema returns the schema of a value.
func (k Key) schema() schema {
	s := k.form()
	s["description"] = k.Does
	if k.Default != "" {
		s["description"] = k.Does + " Default: " + k.Default + "."
	}
	return s
}

func (k Key) form() schema {
	text := schema{"type": "string"}
	texts := schema{"type": "object", "additionalProperties": text}
	word := schema{"type": "string", "pattern": `\S`}
	id := schema{"anyOf": []any{word, schema{"type": "integer", "minimum": 0}}}
	switch k.Kind {
	case KindDuration:
		return schema{"type": "string", "pattern": `^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`}
	case KindBool:
		return schema{"type": "boolean"}
	case KindList:
		if k.Name == "permit" {
			word = schema{"enum": []string{"mode", "owner"}}
		}
		list := schema{"type": "array", "items": word}
		if k.Name == "allow" {
			list["minItems"] = 1
		}
		return list
	case KindUser:
		return id
	case KindUsers:
		return schema{"type": "array", "items": id}
	case KindMode: // as YAML 1.1 has it, 0640 is the number 416
		return schema{"anyOf": []any{schema{"type": "string", "pattern": `^(0o|0)?0?[0-7]{3}$`}, schema{"type": "integer", "minimum": 0, "maximum": 0o777}}}
	case KindCommand:
		return schema{"anyOf": []any{word, schema{"type": "array", "minItems": 1, "items": text}}}
	case KindContext:
		return schema{"anyOf": []any{texts, word}}
	case KindTexts:
		return texts
	case KindValues:
		if k.Name == "contexts" {
			return schema{"type": "object", "additionalProperties": texts}
		}
		return schema{"type": "object"}
	case KindDelims:
		return schema{"type": "array", "items": word, "minItems": 2, "maxItems": 2}
	case KindSections:
		return schema{"type": "object", "additionalProperties": reference("source")}
	case KindSection:
		return schema{"type": "array", "items": reference(map[string]string{"jobs": "job", "files": "file", "keypairs": "keypair", "cases": "case"}[k.Name])}
	case KindPercent:
		return schema{"type": "string", "pattern": `^\+?0*([1-9][0-9]?|100)%$`}
	case KindEntries:
		entry := schema{"type": []string{"string", "integer"}}
		return schema{"anyOf": []any{schema{"type": "array", "minItems": 1, "items": entry}, schema{"type": "object", "minProperties": 1}, schema{"type": "string", "pattern": `\*`}}}
	case KindAny:
		return schema{}
	case KindTime:
		return schema{} // an unquoted time is a string to some readers and none to others
	}
	if words := k.choices(); words != nil {
		return schema{"enum": words}
	}
	return text
}

func reference(name string) schema { return schema{"$ref": "#/definitions/" + name} }

// choices returns the words that a key takes, or nil.
func (k Key) choices() []string {
	return map[string][]string{
		"log_level":  {"debug", "info", "warn", "error"},
		"log_format": {"text", "json"},
		"ready":      {ReadyFiles, ReadyBestEffort},
		"format":     job.Formats,
		"type":       {dynamoDB, local, typeS3, typeSSM, typeSecretsManager},
	}[k.Name]
}
