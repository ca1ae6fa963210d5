package main

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// file is terraform/testdata/schema.yaml.
type file struct {
	Types          map[string]string
	Resource, Data map[string]block
}

type block struct {
	Arguments, Required, Attributes []string
	Blocks                          map[string]block
}

// kind is the type of what has that name, a string unless the file says else.
func (f file) kind(name string) tftypes.Type {
	switch f.Types[name] {
	case "bool":
		return tftypes.Bool
	case "number":
		return tftypes.Number
	case "list":
		return tftypes.List{ElementType: tftypes.String}
	case "set":
		return tftypes.Set{ElementType: tftypes.String}
	case "map":
		return tftypes.Map{ElementType: tftypes.String}
	}
	return tftypes.String
}

func (f file) schema(b block) *tfprotov6.Schema { return &tfprotov6.Schema{Block: f.block(b)} }

func (f file) block(b block) *tfprotov6.SchemaBlock {
	s := &tfprotov6.SchemaBlock{}
	for _, name := range b.Arguments {
		required := slices.Contains(b.Required, name)
		s.Attributes = append(s.Attributes, &tfprotov6.SchemaAttribute{
			Name: name, Type: f.kind(name), Required: required, Optional: !required,
			Computed: !required && slices.Contains(b.Attributes, name),
		})
	}
	for _, name := range b.Attributes {
		if !slices.Contains(b.Arguments, name) {
			s.Attributes = append(s.Attributes, &tfprotov6.SchemaAttribute{Name: name, Type: f.kind(name), Computed: true})
		}
	}
	for name, inner := range b.Blocks {
		s.BlockTypes = append(s.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Nesting: tfprotov6.SchemaNestedBlockNestingModeSet, Block: f.block(inner),
		})
	}
	return s
}
