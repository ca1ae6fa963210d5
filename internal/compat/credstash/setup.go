package credstash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// setup creates the table. Unlike credstash's, the table is on-demand.
func (s *session) setup(ctx context.Context, b *Backend) error {
	if region := s.call.text("save_kms_region"); region != "" {
		if err := s.saveKMSRegion(region); err != nil {
			return err
		}
		if err := s.Print("KMS region set to " + region + "\n"); err != nil {
			return err
		}
	}
	tags := map[string]string{"Name": "credstash"}
	maps.Copy(tags, s.call.pairs("tags"))
	created, err := b.Create(ctx, tags)
	switch {
	case err != nil:
		return err
	case !created:
		return s.Print("Credential Store table already exists\n")
	}
	return s.Print(`Creating table...
Waiting for table to be created...
Adding tags...
Table has been created. Go read the README about how to create your KMS key
`)
}

// kmsRegion is the only key of ~/.credstash.
const kmsRegion = "kms-region"

func (s *session) settingsPath() string { return filepath.Join(s.Home, ".credstash") }

// settings reads ~/.credstash. As in credstash, a file that cannot be opened is ignored,
// and a file that is not a JSON object is an error. An endless file or a silent pipe is
// an error too, because its KMS region is unknown.
func (s *session) settings() (map[string]json.RawMessage, error) {
	settings := map[string]json.RawMessage{}
	data, err := s.ReadFile(s.settingsPath())
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		if !errors.Is(err, fs.ErrNotExist) {
			s.warn("no KMS region from %s: %v", s.settingsPath(), failed.Err)
		}
		return settings, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.settingsPath(), err)
	}
	if err := json.Unmarshal(data, &settings); err != nil || settings == nil {
		return nil, fmt.Errorf("%s is not a JSON object", s.settingsPath())
	}
	return settings, nil
}

func (s *session) savedKMSRegion() (string, error) {
	settings, err := s.settings()
	if err != nil || settings[kmsRegion] == nil {
		return "", err
	}
	var region string // null leaves it empty
	if err := json.Unmarshal(settings[kmsRegion], &region); err != nil {
		return "", fmt.Errorf("%s: %s is not a string", s.settingsPath(), kmsRegion)
	}
	return region, nil
}

func (s *session) saveKMSRegion(region string) error {
	settings, err := s.settings()
	if err != nil {
		return err
	}
	if settings[kmsRegion], err = json.Marshal(region); err != nil {
		return err
	}
	data, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	return os.WriteFile(s.settingsPath(), data, 0o644) // as readable as credstash makes it: no secret is in it
}
