// Package nginx is the example that README.md in this folder describes, for
// programs that want to run it: "credrender demo" and the interop tests.
//
// [FS] holds the files as they are on a server. A [Trial] is the same site
// below one folder, on other addresses, for somebody who has no server to
// spare or is not root.
package nginx

import "embed"

// FS holds credrender.yaml and the templates that it names.
//
//go:embed credrender.yaml *.tmpl
var FS embed.FS
