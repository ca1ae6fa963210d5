package credstash

import (
	"embed"
	"path"
	"strings"
)

// The files have what -h prints, in the form of argparse: the usage, then an empty line. A
// test compares them with the tables in commands.go.
//
//go:embed help/*.txt
var helpFiles embed.FS

// helpText returns the output of -h.
func (g *grammar) helpText() string {
	text, err := helpFiles.ReadFile(path.Join("help", strings.TrimPrefix(g.prog, "credstash ")+".txt"))
	if err != nil {
		panic(err) // a command without its file
	}
	return string(text)
}

// usage returns the usage line or lines before a message.
func (g *grammar) usage() string {
	lines, _, _ := strings.Cut(g.helpText(), "\n\n")
	return lines + "\n"
}
