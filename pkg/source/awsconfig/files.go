package awsconfig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// files gives the SDK the files of ~/.aws where AWS_CONFIG_FILE or
// AWS_SHARED_CREDENTIALS_FILE begins with a ~ that no shell has replaced. The AWS
// CLI does so too.
func files(o *config.LoadOptions) error {
	if path := fromHome("AWS_CONFIG_FILE"); path != "" {
		o.SharedConfigFiles = []string{path}
	}
	if path := fromHome("AWS_SHARED_CREDENTIALS_FILE"); path != "" {
		o.SharedCredentialsFiles = []string{path}
	}
	return nil
}

func fromHome(name string) string {
	rest, ok := strings.CutPrefix(os.Getenv(name), "~/")
	home, err := os.UserHomeDir()
	if !ok || err != nil {
		return ""
	}
	return filepath.Join(home, rest)
}

// loadDefault is the SDK's, which keeps the quotes of [profile "a b"] as a part of
// the name. To the AWS CLI they are none.
func loadDefault(ctx context.Context, opts []func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	missing, ok := errors.AsType[config.SharedConfigProfileNotExistError](err)
	if !ok || strings.Contains(missing.Profile, `"`) {
		return cfg, err
	}
	for _, quote := range []string{`"`, `'`} {
		quoted := config.WithSharedConfigProfile(quote + missing.Profile + quote)
		if cfg, again := config.LoadDefaultConfig(ctx, append(opts, quoted)...); !isMissing(again) {
			return cfg, again
		}
	}
	return cfg, err
}

func isMissing(err error) bool {
	_, ok := errors.AsType[config.SharedConfigProfileNotExistError](err)
	return ok
}
