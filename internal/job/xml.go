package job

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/document"
)

// parseXML reads an XML document. Its root is a list with all that stands beside and in
// the root element.
func parseXML(data []byte) (root *node, line int, ok bool) {
	root, line, ok = xmlContent(data)
	elements := 0
	if ok {
		for _, n := range root.kids {
			switch {
			case n.kind == mapping:
				elements++
			case n.note == "" && strings.TrimSpace(n.text) != "":
				return nil, 0, false
			}
		}
	}
	return root, line, ok && elements == 1
}

var errNotASCII = errors.New("not ASCII")

// xmlContent reads elements, text and comments.
func xmlContent(data []byte) (root *node, line int, ok bool) {
	if i := document.InvalidUTF8(string(data)); i >= 0 {
		return nil, lineAt(data, int64(i)), false
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { // the text is UTF-8, whatever it declares
		if bytes.ContainsFunc(data, func(r rune) bool { return r > '~' }) {
			return nil, errNotASCII
		}
		return r, nil
	}
	root = &node{kind: list}
	open := []*node{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, 0, true
		}
		if err != nil {
			line, _ := d.InputPos()
			return nil, line, false
		}
		in := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n, unique := element(t)
			if !unique {
				line, _ := d.InputPos()
				return nil, line, false
			}
			in.kids = append(in.kids, n)
			open = append(open, n.kids[len(n.kids)-1])
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			in.addText(string(t))
		case xml.Comment:
			in.kids = append(in.kids, &node{kind: quotedScalar, text: string(t), note: "comment"})
		case xml.ProcInst:
			in.kids = append(in.kids, &node{kind: quotedScalar, text: t.Target + " " + string(t.Inst), note: "instruction"})
		case xml.Directive:
			in.kids = append(in.kids, &node{kind: quotedScalar, text: string(t), note: "directive"})
		}
	}
}

// element returns a mapping of the attributes, with the name and the content as the last
// key and its value.
func element(t xml.StartElement) (n *node, unique bool) {
	n, unique = &node{kind: mapping}, true
	seen := map[xml.Name]bool{}
	for _, a := range t.Attr {
		unique, seen[a.Name] = unique && !seen[a.Name], true
		n.keys = append(n.keys, &node{kind: quotedScalar, text: a.Name.Space + " " + a.Name.Local})
		n.kids = append(n.kids, &node{kind: quotedScalar, text: a.Value})
	}
	n.keys = append(n.keys, &node{kind: quotedScalar, text: t.Name.Space + " " + t.Name.Local})
	n.kids = append(n.kids, &node{kind: list})
	return n, unique
}

// addText joins what CDATA sections and their surroundings hold.
func (n *node) addText(text string) {
	if last := len(n.kids) - 1; last >= 0 && n.kids[last].kind == quotedScalar && n.kids[last].note == "" {
		n.kids[last].text += text
		return
	}
	n.kids = append(n.kids, &node{kind: quotedScalar, text: text})
}

// isFragment reports whether a print is lines of XML, as include returns them: whole
// elements with nothing else on its first and last line.
func (c *comparison) isFragment(p template.Print) bool {
	text := c.data[p.Start:p.End]
	if bytes.IndexByte(text, '<') < 0 || !c.isWholeLine(p) {
		return false
	}
	_, _, ok := xmlContent(text)
	return ok
}
