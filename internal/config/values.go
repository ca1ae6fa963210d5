package config

import (
	"errors"
	"fmt"
	"net"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
)

// Functions for the norm of a setting. Each gets the value and the directory at which
// relative paths start.

const (
	dynamoDB     = "dynamodb"
	local        = "local"
	defaultTable = "credential-store"
)

var errEmpty = errors.New("must not be empty")

func anything(value, _ string) (string, error) { return value, nil }

func checkNotEmpty(value string) error {
	if strings.TrimSpace(value) == "" {
		return errEmpty
	}
	return nil
}

// path makes a path absolute. It refuses a leading ~, which only a shell expands: here it
// would be a directory of that name.
func path(value, dir string) (string, error) {
	switch {
	case value == "":
		return "", errEmpty
	case strings.ContainsRune(value, 0):
		return "", errors.New("contains a zero byte")
	case value == "~" || strings.HasPrefix(value, "~/"):
		return "", errors.New("~ is not expanded here, write the directory")
	case filepath.IsAbs(value):
		return filepath.Clean(value), nil
	}
	return filepath.Join(dir, value), nil
}

// store checks dynamodb, local, local:PATH or s3://bucket/prefix.
func store(value, dir string) (string, error) {
	kind, file, hasFile := strings.Cut(value, ":")
	switch {
	case value == dynamoDB || value == local:
		return value, nil
	case kind == local && hasFile:
		file, err := path(file, dir)
		return local + ":" + file, err
	case strings.HasPrefix(file, "//") && kind == typeS3 && strings.Trim(file, "/") != "":
		return strings.TrimRight(value, "/"), nil
	}
	return "", fmt.Errorf("%q is not a store: use dynamodb, local, local:PATH or s3://bucket/prefix", value)
}

func cronSpec(value, _ string) (string, error) {
	_, err := schedule.Parse(value)
	return value, err
}

// listen checks unix:PATH or a loopback address. Other addresses are refused, because the
// endpoints have no password.
func listen(value, dir string) (string, error) {
	if file, ok := strings.CutPrefix(value, "unix:"); ok {
		file, err := path(file, dir)
		return "unix:" + file, err
	}
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return "", fmt.Errorf("%q is neither unix:PATH nor ADDRESS:PORT", value)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q is not a port", port)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", fmt.Errorf("%q is not a loopback address: 127.0.0.1, [::1] or unix:PATH", host)
	}
	return value, nil
}

func duration(value, _ string) (string, error) {
	_, err := parseDuration(value)
	return value, err
}

// parseDuration reads a duration of 0 or more.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf(`%q is not a duration like "30s" or "2m"`, s)
	}
	if d < 0 {
		return 0, fmt.Errorf("%s is negative", s)
	}
	return d, nil
}

func oneOf(words ...string) func(value, _ string) (string, error) {
	return func(value, _ string) (string, error) {
		if slices.Contains(words, value) {
			return value, nil
		}
		return "", fmt.Errorf("%q is not one of %s", value, strings.Join(words, ", "))
	}
}

// users converts names and numbers, separated by commas, into numbers.
func users(value, _ string) (string, error) {
	var ids []string
	for name := range strings.SplitSeq(value, ",") {
		id, err := lookupUser(strings.TrimSpace(name))
		if err != nil {
			return "", err
		}
		ids = append(ids, strconv.Itoa(id))
	}
	return strings.Join(ids, ","), nil
}

func lookupUser(name string) (int, error) {
	if id, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(id), nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, fmt.Errorf("no user %q on this machine: use another name, or a number", name)
	}
	return strconv.Atoi(u.Uid)
}

// userIDs splits the result of users.
func userIDs(list string) []int {
	var ids []int
	for s := range strings.SplitSeq(list, ",") {
		if id, err := strconv.Atoi(s); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// table checks the name or ARN of a table.
func table(value, dir string) (string, error) {
	if err := checkNotEmpty(value); err != nil {
		return value, err
	}
	_, _, err := source.ParseTable(value)
	return value, err
}

// kmsKey checks an ID, alias or ARN of a KMS key.
func kmsKey(value, dir string) (string, error) {
	if err := checkNotEmpty(value); err != nil {
		return value, err
	}
	return value, source.CheckKey(value)
}

// region checks the name of a region. It may be empty.
func region(value, _ string) (string, error) {
	if value != "" && !source.IsRegion(value) {
		return value, fmt.Errorf("%w: %s: a region has lower-case letters, digits and hyphens, such as eu-west-1", errRegion, source.Show(value))
	}
	return value, nil
}

// errRegion begins the message as that of package awsconfig, which checks what the profile
// and the environment say.
var errRegion = errors.New("invalid AWS region")

// role checks the ARN of a role to assume. It may be empty.
func role(value, _ string) (string, error) {
	if value != "" && !source.IsRole(value) {
		return value, fmt.Errorf("%s is not the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME", source.Show(value))
	}
	return value, nil
}

// checkTable compares the region of a table's ARN with the region setting.
func checkTable(s job.Store) error {
	if s.Kind != dynamoDB {
		return nil
	}
	arn, named, err := source.ParseTable(s.Table)
	if err != nil {
		return err
	}
	if !named && s.Region != "" && s.Region != arn.Region {
		return fmt.Errorf("%s is in %s by its ARN, and the region is set to %s: leave the region out", s.Table, arn.Region, source.Show(s.Region))
	}
	return nil
}
