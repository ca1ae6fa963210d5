package awsconfig

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// loadDefault is the SDK's, but reads ~/.aws as the AWS CLI does. A ~ that no
// shell has replaced is the home directory, in AWS_CONFIG_FILE and in
// AWS_SHARED_CREDENTIALS_FILE. The quotes of [profile "a b"] are no part of the
// name, which the SDK takes them for.
func loadDefault(ctx context.Context, opts []func(*config.LoadOptions) error) (aws.Config, error) {
	settings := expand(cmp.Or(os.Getenv("AWS_CONFIG_FILE"), config.DefaultSharedConfigFilename()))
	path, done, err := withoutQuotes(settings)
	if err != nil {
		return aws.Config{}, err
	}
	defer done()
	cfg, err := config.LoadDefaultConfig(ctx, append(opts, func(o *config.LoadOptions) error {
		o.SharedConfigFiles = []string{path}
		if file := os.Getenv("AWS_SHARED_CREDENTIALS_FILE"); file != "" {
			o.SharedCredentialsFiles = []string{expand(file)}
		}
		return nil
	})...)
	if bad, ok := errors.AsType[config.SharedConfigLoadError](err); ok && bad.Filename == path {
		bad.Filename = settings
		err = bad
	}
	return cfg, err
}

func expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~/")
	home, err := os.UserHomeDir()
	if !ok || err != nil {
		return path
	}
	return filepath.Join(home, rest)
}

var quotedSection = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^([ \t]*\[[ \t]*(?:profile|sso-session|services)[ \t]+)(?:"([^"\n]*)"|'([^'\n]*)')([ \t]*\])`)
})

// withoutQuotes returns the path of a file whose section names have no quotes: path
// itself, or a pipe with a changed copy, which can be read once before done is
// called. There is no copy on the disk, since the file may hold keys.
func withoutQuotes(path string) (_ string, done func(), _ error) {
	text, err := os.ReadFile(path)
	if err != nil || !bytes.ContainsAny(text, `"'`) || !quotedSection().Match(text) {
		return path, func() {}, nil //nolint:nilerr // the SDK ignores files that it cannot read
	}
	r, w, err := os.Pipe()
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w", path, err)
	}
	var copying sync.WaitGroup
	copying.Go(func() {
		_, _ = bytes.NewReader(quotedSection().ReplaceAll(text, []byte("$1$2$3$4"))).WriteTo(w)
		_ = w.Close()
	})
	return fmt.Sprintf("/dev/fd/%d", r.Fd()), func() { _ = r.Close(); copying.Wait() }, nil
}
