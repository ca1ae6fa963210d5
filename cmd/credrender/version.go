package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if output == "json" {
				return a.printJSON(versionInfo{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
			}
			return printVersion(a)
		},
	}
	outputFlag(c, &output, "text|json", "text")
	return c
}

// versionInfo is the result of version -o json.
type versionInfo struct {
	Version string `json:"version" doc:"the release, or the commit of another build"`
	Go      string `json:"go" doc:"version of Go that built it"`
	OS      string `json:"os" doc:"operating system, as Go names it"`
	Arch    string `json:"arch" doc:"architecture, as Go names it"`
}

func printVersion(a *app) error {
	return printf(a.stdout, "credrender %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version returns the version recorded by the build: the tag of a release, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "devel"
}
