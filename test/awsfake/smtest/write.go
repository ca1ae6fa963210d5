package smtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// maxStages of a secret, and minToken the length of a version id
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
const minToken = 32

type content struct {
	SecretString *string
	SecretBinary []byte
}

func (c content) check() error {
	size := len(c.SecretBinary)
	if c.SecretString != nil {
		size += len(*c.SecretString)
	}
	if (c.SecretString == nil) == (c.SecretBinary == nil) || size == 0 || size > maxSize {
		return &wire.Error{Code: "InvalidParameterException", Message: "a secret has 1 to 65536 bytes"}
	}
	return nil
}

// Manage marks a secret as one that a service of AWS manages, or that AWS rotates.
func (s *Server) Manage(name, service string, rotates bool) {
	s.Do(func() { s.secrets[name].service, s.secrets[name].rotates = service, rotates })
}

// Versions returns the text of a secret's versions, in the order in which they were made.
func (s *Server) Versions(name string) (texts []string) {
	s.Do(func() {
		for _, id := range s.secrets[name].order {
			if v := s.secrets[name].versions[id]; v.text != nil {
				texts = append(texts, *v.text)
			}
		}
	})
	return texts
}

// Key returns the KMS key of a secret, or "".
func (s *Server) Key(name string) (key string) {
	s.Do(func() { key = s.secrets[name].key })
	return key
}

func (s *Server) create(body []byte) (any, error) {
	var in struct {
		content
		Name, ClientRequestToken, KmsKeyId string //nolint:revive // AWS's spelling
	}
	if err := wire.Decode("CreateSecret", body, &in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if sec := s.secrets[in.Name]; sec != nil {
		if sec.deleted {
			return nil, &wire.Error{Code: "InvalidRequestException", Message: "You can't create this secret because a secret with this name is already scheduled for deletion."}
		}
		return nil, &wire.Error{Code: "ResourceExistsException", Message: "The operation failed because the secret " + in.Name + " already exists."}
	}
	sec := s.newSecret(in.Name)
	sec.key = in.KmsKeyId
	return sec.add(in.ClientRequestToken, in.content, nil)
}

func (s *Server) putValue(body []byte) (any, error) {
	var in struct {
		content
		SecretId, ClientRequestToken string //nolint:revive // AWS's spelling
		VersionStages                []string
	}
	if err := wire.Decode("PutSecretValue", body, &in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	sec, err := s.lookup(in.SecretId)
	if err != nil {
		return nil, err
	}
	return sec.add(in.ClientRequestToken, in.content, in.VersionStages)
}

// add stores a version, once for each token, and moves its stages to it.
func (sec *secret) add(token string, c content, stages []string) (any, error) {
	if len(token) < minToken {
		return nil, &wire.Error{Code: "InvalidParameterException", Message: "ClientRequestToken must be 32-64 characters long."}
	}
	if len(stages) == 0 {
		stages = []string{"AWSCURRENT"}
	}
	if len(sec.versions) == 0 && !slices.Contains(stages, "AWSCURRENT") {
		stages = append(stages, "AWSCURRENT")
	}
	if _, again := sec.versions[token]; !again {
		sec.versions[token] = value{text: c.SecretString, binary: c.SecretBinary}
		sec.order = append(sec.order, token)
		for _, stage := range stages {
			sec.move(stage, token)
		}
	}
	return map[string]any{"ARN": sec.arn, "Name": sec.name, "VersionId": token, "VersionStages": stages}, nil
}

func (sec *secret) move(stage, id string) {
	if before, ok := sec.stages[stage]; ok && stage == "AWSCURRENT" {
		sec.stages["AWSPREVIOUS"] = before
	}
	sec.stages[stage] = id
	if stage == "AWSCURRENT" && sec.stages["AWSPREVIOUS"] == id {
		delete(sec.stages, "AWSPREVIOUS")
	}
}

func (s *Server) updateStage(body []byte) (any, error) {
	var in struct{ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId string } //nolint:revive // AWS's spelling
	if err := wire.Decode("UpdateSecretVersionStage", body, &in); err != nil {
		return nil, err
	}
	sec, err := s.lookup(in.SecretId)
	if err != nil {
		return nil, err
	}
	held, attached := sec.stages[in.VersionStage]
	_, exists := sec.versions[in.MoveToVersionId]
	switch {
	case in.MoveToVersionId != "" && !exists:
		return nil, &wire.Error{Code: "ResourceNotFoundException"}
	case attached && held != in.RemoveFromVersionId:
		return nil, &wire.Error{Code: "InvalidParameterException", Message: fmt.Sprintf("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", in.VersionStage, held)}
	case in.MoveToVersionId == "" && in.VersionStage == "AWSCURRENT":
		return nil, &wire.Error{Code: "InvalidParameterException", Message: "AWSCURRENT can't be removed"}
	case in.MoveToVersionId == "":
		delete(sec.stages, in.VersionStage)
	default:
		sec.move(in.VersionStage, in.MoveToVersionId)
	}
	return map[string]any{"ARN": sec.arn, "Name": sec.name}, nil
}

func (s *Server) delete(body []byte) (any, error) {
	var in struct{ SecretId string } //nolint:revive // AWS's spelling
	if err := wire.Decode("DeleteSecret", body, &in); err != nil {
		return nil, err
	}
	sec, err := s.lookup(in.SecretId)
	if err != nil {
		return nil, err
	}
	sec.deleted = true
	return map[string]any{"ARN": sec.arn, "Name": sec.name, "DeletionDate": time.Now().Add(30 * 24 * time.Hour).Unix()}, nil
}

func (s *Server) list(body []byte) (any, error) {
	var in struct {
		Filters []struct {
			Key    string
			Values []string
		}
		MaxResults int
		NextToken  string
	}
	if err := wire.Decode("ListSecrets", body, &in); err != nil {
		return nil, err
	}
	prefix := ""
	for _, f := range in.Filters {
		if f.Key != "name" || len(f.Values) != 1 {
			return nil, wire.NotImplemented("ListSecrets: filter %s", f.Key)
		}
		prefix = f.Values[0]
	}
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		sec := s.secrets[name]
		if strings.HasPrefix(name, prefix) && !sec.deleted && name > in.NextToken {
			all = append(all, map[string]any{"Name": name, "ARN": sec.arn, "SecretVersionsToStages": sec.byVersion()})
		}
	}
	out := map[string]any{}
	if len(all) > in.MaxResults {
		all = all[:in.MaxResults]
		out["NextToken"] = all[len(all)-1]["Name"]
	}
	out["SecretList"] = all
	return out, nil
}

func (sec *secret) byVersion() map[string][]string {
	stages := map[string][]string{}
	for stage, id := range sec.stages {
		stages[id] = append(stages[id], stage)
	}
	return stages
}

func (s *Server) listVersions(body []byte) (any, error) {
	var in struct {
		SecretId          string //nolint:revive // AWS's spelling
		IncludeDeprecated bool
		MaxResults        int
		NextToken         string
	}
	if err := wire.Decode("ListSecretVersionIds", body, &in); err != nil {
		return nil, err
	}
	sec, err := s.lookup(in.SecretId)
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	stages := sec.byVersion()
	for i, id := range sec.order {
		if len(stages[id]) > 0 || in.IncludeDeprecated {
			all = append(all, map[string]any{"VersionId": id, "VersionStages": stages[id], "CreatedDate": float64(i) + 1.5})
		}
	}
	slices.Reverse(all) // AWS promises no order
	return map[string]any{"ARN": sec.arn, "Name": sec.name, "Versions": all}, nil
}
