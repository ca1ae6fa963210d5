package config

import "strings"

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
