package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// write prints the report in a format. In the text form everything is printed already.
func (l *linting) write(format string) error {
	findings := make([]lintFinding, len(l.findings))
	for i, f := range l.findings {
		f.File = l.relative(f.File)
		findings[i] = f
	}
	switch format {
	case "json":
		refs := make([]lintRef, len(l.refs))
		for i, r := range l.refs {
			r.File = l.relative(r.File)
			refs[i] = r
		}
		return l.app.printJSON(lintReport{findings, refs})
	case "sarif":
		return l.app.printJSON(sarifOf(findings))
	case "github":
		for _, f := range findings {
			if err := printf(l.app.stdout, "%s\n", annotation(f)); err != nil {
				return err
			}
		}
	}
	return nil
}

// relative returns a path below the working directory without that, as reports have it.
func (l *linting) relative(path string) string {
	if rel, err := filepath.Rel(l.app.dir, path); err == nil && filepath.IsAbs(path) && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// annotation is a workflow command of GitHub Actions
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
func annotation(f lintFinding) string {
	text := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var fields []string
	if f.File != "" {
		fields = append(fields, "file="+property.Replace(f.File))
	}
	if f.Line > 0 {
		fields = append(fields, fmt.Sprintf("line=%d", f.Line))
	}
	if f.Col > 0 {
		fields = append(fields, fmt.Sprintf("col=%d", f.Col))
	}
	fields = append(fields, "title="+property.Replace("credrender "+f.Rule))
	return "::" + f.Level + " " + strings.Join(fields, ",") + "::" + text.Replace(f.Message)
}

// The parts of a SARIF log that lint writes
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string       `json:"id"`
		Short sarifMessage `json:"shortDescription"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		Rule      string          `json:"ruleId"`
		Index     int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		Line int `json:"startLine"`
		Col  int `json:"startColumn,omitempty"`
	}
)

func sarifOf(findings []lintFinding) sarifLog {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "credrender", Version: version()}}, Results: []sarifResult{}}
	index := map[string]int{}
	for i, r := range lintRules() {
		index[r.id] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{r.id, sarifMessage{r.does}})
	}
	for _, f := range findings {
		r := sarifResult{Rule: f.Rule, Index: index[f.Rule], Level: f.Level, Message: sarifMessage{f.Message}}
		if f.File != "" {
			at := sarifPhysical{Artifact: artifact(f.File)}
			if f.Line > 0 {
				at.Region = &sarifRegion{f.Line, f.Col}
			}
			r.Locations = []sarifLocation{{at}}
		}
		run.Results = append(run.Results, r)
	}
	return sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}

// artifact returns the URI of a file; a relative one starts at the root of the sources.
func artifact(path string) sarifArtifact {
	if filepath.IsAbs(path) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: path}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: path}).String(), Base: "%SRCROOT%"}
}
