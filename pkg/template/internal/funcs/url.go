package funcs

import (
	"net/url"
	"slices"
	"strings"
)

// overURLParse refuses an empty URL, and HOST:PORT without the two slashes, whose
// host would be taken for the scheme.
func overURLParse(own any) any {
	return func(s string) (map[string]any, error) {
		if s == "" {
			return nil, Problem("its URL is empty")
		}
		u, err := url.Parse(s)
		if err != nil {
			return nil, &Failure{Text: err.Error(), Safe: "its input is not a URL"}
		}
		if port, _, _ := strings.Cut(u.Opaque, "/"); port != "" && strings.Trim(port, "0123456789") == "" {
			return nil, Problem("its URL has no //, so the host would be taken for the scheme: write //HOST:PORT")
		}
		return own.(func(string) map[string]any)(s), nil
	}
}

// overURLJoin refuses keys that it would leave out, and parts that would end up in
// another place.
func overURLJoin(own any) any {
	return func(parts map[string]any) (string, error) {
		known := []string{"scheme", "host", "hostname", "path", "query", "opaque", "fragment", "userinfo"}
		for key, v := range parts {
			if !slices.Contains(known, key) {
				return "", &Failure{Text: "it does not support the key " + key + ": " + strings.Join(known, ", "), Safe: "it does not support this key: " + strings.Join(known, ", ")}
			}
			if _, ok := v.(string); !ok {
				return "", Problem(key + " is " + described(v) + ", not a string")
			}
		}
		host, _ := parts["host"].(string)
		if hostname, _ := parts["hostname"].(string); hostname != "" && !strings.Contains(host, hostname) {
			return "", Problem("hostname is only read, write host")
		}
		if user, _ := parts["userinfo"].(string); user != "" {
			u, err := url.Parse("proto://" + user + "@host")
			if err != nil || u.User == nil || u.Host != "host" || u.Path != "" {
				return "", Problem("userinfo is not USER:PASSWORD with percent signs for what is special in URLs: use urlquery")
			}
		}
		joined := own.(func(map[string]any) string)(parts)
		if joined == "" {
			return "", Problem("all of its parts are empty")
		}
		return joined, nil
	}
}
