package awsfake

import (
	"fmt"

	"github.com/credrender/credrender/test/awsfake/iam"
	"github.com/credrender/credrender/test/awsfake/wire"
)

// Restrict gives a principal, named by its ARN, these identity policies in place of the leave to do
// everything. With none it may do nothing. A later call replaces them.
func (s *Server) Restrict(principal string, policies ...[]byte) error {
	parsed := make([]iam.Policy, len(policies))
	for i, text := range policies {
		var err error
		if parsed[i], err = iam.Parse(text); err != nil {
			return fmt.Errorf("restrict %s: %w", principal, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits[principal] = parsed
	return nil
}

// Free gives a principal back the leave to do everything.
func (s *Server) Free(principal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.limits, principal)
}

// identityAllows judges by a principal's own policies. The caller holds s.mu.
func (s *Server) identityAllows(principal, action, resource string, keys map[string][]string) bool {
	policies, limited := s.limits[principal]
	return !limited || iam.Allows(policies, iam.Request{Action: action, Resource: resource, Keys: keys})
}

// authorize judges requests of DynamoDB; KMS asks key policies first. A Scan
// has no leading keys, and neither has what is about the table.
func (s *Server) authorize(req *Request) error {
	if req.Service != DynamoDB {
		return nil
	}
	keys := map[string][]string{}
	if req.Name != "" {
		keys["dynamodb:LeadingKeys"] = []string{req.Name}
	}
	if len(req.Names) > 0 {
		keys["dynamodb:LeadingKeys"] = req.Names
	}
	resource := "*"
	if req.Table != "" {
		resource = wire.ARN(DynamoDB, req.Region, "table/"+req.Table)
	}
	action := "dynamodb:" + req.Operation
	if s.identityAllows(req.Principal, action, resource, keys) {
		return nil
	}
	return &wire.Error{Code: "AccessDeniedException", Message: "User: " + req.Principal + " is not authorized to perform: " + action +
		" on resource: " + resource + " because no identity-based policy allows the " + action + " action"}
}
