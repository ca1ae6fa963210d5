package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// spread is how long AWS may take until a role, a grant or its end counts
// everywhere: KMS says usually less than five minutes
// (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html).
const spread = 6 * time.Minute

// access lets a second role read "db": its policy opens the table's items, a
// grant the encryption context env=prod.
func (j *journey) access(ctx context.Context) error {
	if err := j.makeRole(ctx); err != nil {
		return err
	}
	get := []string{"--arn", j.roleARN(), "get", "db", "env=prod"}
	// Until the role is known everywhere, nobody can assume it (exit code 1).
	if err := j.refused(ctx, "a role without a grant opens nothing", get); err != nil {
		return err
	}
	if _, err := j.ok(ctx, "grant", j.role(), "--read", "env=prod"); err != nil {
		return err
	}
	if err := j.until(ctx, "the grant counts", 0, get); err != nil {
		return err
	}
	if err := j.prints(ctx, j.current, get...); err != nil {
		return err
	}
	if err := j.refused(ctx, "a grant opens no other context", []string{"--arn", j.roleARN(), "get", "dev", "env=dev"}); err != nil {
		return err
	}
	if err := j.refused(ctx, "a policy opens no other secret", []string{"--arn", j.roleARN(), "get", "bundle", "env=prod"}); err != nil {
		return err
	}
	grants, err := j.ok(ctx, "grants", j.role())
	if err == nil && !strings.Contains(grants, "env=prod") {
		err = fmt.Errorf("grants prints %q, without the one that was made", grants)
	}
	if err != nil {
		return err
	}
	if _, err := j.ok(ctx, "revoke", j.role(), "--read", "env=prod"); err != nil {
		return err
	}
	return j.refused(ctx, "a revoked grant opens nothing", get)
}

// refused waits until a command exits 3.
func (j *journey) refused(ctx context.Context, what string, args []string) error {
	if j.enforced {
		return j.until(ctx, what, 3, args)
	}
	j.skipped = append(j.skipped, what)
	return nil
}

// until repeats a command that has to exit with code in the end.
func (j *journey) until(ctx context.Context, what string, code int, args []string) error {
	limit, pause := time.Now().Add(spread), 2*time.Second
	for {
		out, err := j.run(ctx, "", args...)
		if err != nil || out.code == code {
			return err
		}
		if time.Now().Add(pause).After(limit) {
			return fmt.Errorf("waited %s in vain until %s: exit code %d: %s", spread, what, out.code, strings.TrimSpace(out.stderr))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(pause*3/2, 15*time.Second)
	}
}

// makeRole makes a role that the caller may assume, with the policy that
// credrender prints for a template, less the right to decrypt.
func (j *journey) makeRole(ctx context.Context) error {
	policy, err := j.readerPolicy(ctx)
	if err != nil {
		return err
	}
	trust, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]string{"AWS": j.caller},
	}}})
	if err != nil {
		return err
	}
	if _, err := j.iam.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String(j.role()), AssumeRolePolicyDocument: aws.String(string(trust)), MaxSessionDuration: aws.Int32(3600),
		Tags: []iamtypes.Tag{{Key: aws.String(tagKey), Value: aws.String(j.prefix)}},
	}); err != nil {
		return fmt.Errorf("create role: %w", err)
	}
	_, err = j.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String(j.role()), PolicyName: aws.String("credrender"), PolicyDocument: aws.String(policy),
	})
	if err != nil {
		return fmt.Errorf("put role policy: %w", err)
	}
	return nil
}

// readerPolicy is what credrender prints for "db" and "dev", without its
// statement about KMS: opening is the grant's business here.
func (j *journey) readerPolicy(ctx context.Context) (string, error) {
	src := filepath.Join(j.dir, "policy.tmpl")
	if err := os.WriteFile(src, []byte(`{{ secret "db" "env=prod" }}{{ secret "dev" "env=dev" }}`), 0o600); err != nil {
		return "", err
	}
	printed, err := j.ok(ctx, "policy", src)
	if err != nil {
		return "", err
	}
	var policy struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal([]byte(printed), &policy); err != nil {
		return "", fmt.Errorf("policy: %w", err)
	}
	kept := policy.Statement[:0]
	for _, s := range policy.Statement {
		if text, _ := json.Marshal(s["Action"]); !strings.Contains(string(text), "kms:") {
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return "", errors.New("policy prints no statement about the table")
	}
	policy.Statement = kept
	text, err := json.Marshal(policy)
	return string(text), err
}
