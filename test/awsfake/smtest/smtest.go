// Package smtest serves Secrets Manager for tests, with AWS's limits: twenty ids in a batch, an
// error for each id that fails, and versions by stage.
package smtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/test/awsfake/front"
	"github.com/credrender/credrender/test/awsfake/wire"
)

const (
	maxIDs  = 20
	maxSize = 65536
)

// Server is the fake.
type Server struct {
	*front.Server
	// Denied are names that nobody may read. Set before the first request.
	Denied  []string
	secrets map[string]*secret
}

type secret struct {
	name, arn string
	versions  map[string]value
	order     []string          // of version ids
	stages    map[string]string // stage to version id
	deleted   bool
	key       string // of KMS
	service   string // that manages it
	rotates   bool
}

type value struct {
	text   *string
	binary []byte
}

// New returns a running server; the caller closes it.
func New() *Server {
	s := &Server{secrets: map[string]*secret{}}
	s.Server = front.New("secretsmanager.", map[string]front.Operation{
		"BatchGetSecretValue": s.batch,
		"GetSecretValue":      s.get,
		"DescribeSecret":      s.describe,

		"CreateSecret":             s.create,
		"PutSecretValue":           s.putValue,
		"UpdateSecretVersionStage": s.updateStage,
		"DeleteSecret":             s.delete,
		"ListSecrets":              s.list,
		"ListSecretVersionIds":     s.listVersions,
	})
	return s
}

// Env leads the SDK here.
func (s *Server) Env() []string { return []string{"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + s.URL} }

// Put stores a value as AWSCURRENT, as text or as binary; the one before
// becomes AWSPREVIOUS.
func (s *Server) Put(name string, data []byte, binary bool) error {
	if len(data) > maxSize || len(data) == 0 {
		return wire.Invalid("a secret has 1 to 65536 bytes")
	}
	s.Do(func() { s.put(name, data, binary) })
	return nil
}

func (s *Server) put(name string, data []byte, binary bool) {
	sec := s.secrets[name]
	if sec == nil {
		sec = s.newSecret(name)
	}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", len(sec.versions)+1)
	v := value{binary: data}
	if !binary {
		text := string(data)
		v = value{text: &text}
	}
	sec.versions[id] = v
	sec.order = append(sec.order, id)
	sec.move("AWSCURRENT", id)
}

func (s *Server) newSecret(name string) *secret {
	s.secrets[name] = &secret{
		name: name, arn: wire.ARN("secretsmanager", "eu-west-1", "secret:"+name+"-a1b2c3"),
		versions: map[string]value{}, stages: map[string]string{},
	}
	return s.secrets[name]
}

// Remove deletes a secret; with later, marks it for deletion.
func (s *Server) Remove(name string, later bool) {
	s.Do(func() {
		if later {
			s.secrets[name].deleted = true
			return
		}
		delete(s.secrets, name)
	})
}

type entry struct {
	ARN, Name, VersionId string //nolint:revive // AWS's spelling
	VersionStages        []string
	SecretString         *string `json:",omitempty"`
	SecretBinary         []byte  `json:",omitempty"`
	CreatedDate          int64
}

func (s *Server) lookup(id string) (*secret, error) {
	for _, sec := range s.secrets {
		if id != sec.name && id != sec.arn && id != strings.TrimSuffix(sec.arn, "-a1b2c3") {
			continue
		}
		switch {
		case slices.Contains(s.Denied, sec.name):
			return nil, &wire.Error{Code: "AccessDeniedException", Message: "not authorized to perform: secretsmanager:GetSecretValue"}
		case sec.deleted:
			return sec, &wire.Error{Code: "InvalidRequestException", Message: "You can't perform this operation on the secret because it was marked for deletion."}
		}
		return sec, nil
	}
	return nil, &wire.Error{Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret."}
}

func (s *Server) value(id, versionID, stage string) (entry, error) {
	sec, err := s.lookup(id)
	if err != nil {
		return entry{}, err
	}
	if versionID == "" {
		if stage == "" {
			stage = "AWSCURRENT"
		}
		versionID = sec.stages[stage]
	}
	v, ok := sec.versions[versionID]
	if !ok {
		return entry{}, &wire.Error{Code: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret value for VersionId: " + versionID}
	}
	e := entry{ARN: sec.arn, Name: sec.name, VersionId: versionID, SecretString: v.text, SecretBinary: v.binary, CreatedDate: time.Unix(1, 0).Unix()}
	for _, stage := range slices.Sorted(maps.Keys(sec.stages)) {
		if sec.stages[stage] == versionID {
			e.VersionStages = append(e.VersionStages, stage)
		}
	}
	return e, nil
}

func (s *Server) get(body []byte) (any, error) {
	var in struct{ SecretId, VersionId, VersionStage string } //nolint:revive // AWS's spelling
	if err := wire.Decode("GetSecretValue", body, &in); err != nil {
		return nil, err
	}
	return s.value(in.SecretId, in.VersionId, in.VersionStage)
}

func (s *Server) batch(body []byte) (any, error) {
	var in struct {
		SecretIdList []string //nolint:revive // AWS's spelling
		NextToken    string
	}
	if err := wire.Decode("BatchGetSecretValue", body, &in); err != nil {
		return nil, err
	}
	if len(in.SecretIdList) == 0 || len(in.SecretIdList) > maxIDs {
		return nil, wire.Invalid("Member must have length less than or equal to 20")
	}
	type failure struct{ SecretId, ErrorCode, Message string } //nolint:revive // AWS's spelling
	var out struct {
		SecretValues []entry
		Errors       []failure
	}
	for _, id := range in.SecretIdList {
		e, err := s.value(id, "", "")
		if api, ok := err.(*wire.Error); ok {
			out.Errors = append(out.Errors, failure{id, api.Code, api.Message})
			continue
		}
		out.SecretValues = append(out.SecretValues, e)
	}
	return out, nil
}

func (s *Server) describe(body []byte) (any, error) {
	var in struct{ SecretId string } //nolint:revive // AWS's spelling
	if err := wire.Decode("DescribeSecret", body, &in); err != nil {
		return nil, err
	}
	sec, err := s.lookup(in.SecretId)
	pending := err != nil && sec != nil // DescribeSecret answers for these
	if err != nil && !pending {
		return nil, err
	}
	out := map[string]any{"ARN": sec.arn, "Name": sec.name, "VersionIdsToStages": sec.byVersion(), "RotationEnabled": sec.rotates}
	if pending {
		out["DeletedDate"] = 1
	}
	for member, text := range map[string]string{"KmsKeyId": sec.key, "OwningService": sec.service} {
		if text != "" {
			out[member] = text
		}
	}
	return out, nil
}
