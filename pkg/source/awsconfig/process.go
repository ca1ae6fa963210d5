package awsconfig

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/term"

	"github.com/credrender/credrender/pkg/source/limit"
)

// The SDK's provider for credential_process outlives its caller: the credentials cache
// hides the end of the caller's context, and the provider kills the shell but not the
// processes that the shell started. So profiles with a credential_process get a provider
// of ours, and the SDK's for the roles assumed with it.

// killDelay limits the wait for the output of a killed process, which its children may
// hold open.
const killDelay = 100 * time.Millisecond

// processes are the credential processes of a configuration.
type processes struct {
	running sync.WaitGroup
}

// withProcess replaces credentials that come from a credential_process.
func withProcess(cfg aws.Config, r *roles) (aws.CredentialsProvider, *processes) {
	p := &processes{}
	cache, ok := cfg.Credentials.(*aws.CredentialsCache)
	if !ok || !slices.Contains(cache.ProviderSources(), aws.CredentialSourceProcess) {
		return cfg.Credentials, p
	}
	for _, s := range cfg.ConfigSources {
		if shared, ok := s.(config.SharedConfig); ok {
			if provider := p.ofProfile(cfg, &shared, r); provider != nil {
				return aws.NewCredentialsCache(provider), p
			}
		}
	}
	return cfg.Credentials, p
}

// ofProfile builds the provider of a profile as the SDK does. It returns nil if no
// credential_process is involved.
func (p *processes) ofProfile(cfg aws.Config, profile *config.SharedConfig, r *roles) aws.CredentialsProvider {
	var base aws.CredentialsProvider
	switch {
	case profile.Source != nil:
		base = p.ofProfile(cfg, profile.Source, r)
	case profile.CredentialProcess != "":
		base = p.provider(profile.CredentialProcess)
	}
	if base == nil || profile.RoleARN == "" {
		return base
	}
	cfg.Credentials = base
	return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), profile.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = profile.RoleSessionName
		if d := profile.RoleDurationSeconds; d != nil && *d/time.Minute > 15 { // as in the SDK
			o.Duration = *d
		}
		if profile.ExternalID != "" {
			o.ExternalID = &profile.ExternalID
		}
		if profile.MFASerial != "" {
			o.SerialNumber = &profile.MFASerial
		}
		r.option(o)
	})
}

func (p *processes) provider(line string) aws.CredentialsProvider {
	build := func(ctx context.Context) (*exec.Cmd, error) {
		cmd, err := (processcreds.DefaultNewCommandBuilder{Args: []string{line}}).NewCommand(ctx)
		if err == nil && !interactive() {
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
		}
		if err == nil {
			cmd.WaitDelay = killDelay
		}
		return cmd, err
	}
	next := processcreds.NewProviderCommand(processcreds.NewCommandBuilderFunc(build))
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		p.running.Add(1)
		defer p.running.Done()
		end := limit.Wait(ctx, limit.Subject{Name: "credential_process of the profile", Prompts: interactive()})
		creds, err := next.Retrieve(caller(ctx))
		end(err == nil)
		return creds, err
	})
}

// interactive reports whether a credential_process may prompt. Then it must stay in our
// process group, since no other can read the terminal.
func interactive() bool { return term.IsTerminal(int(os.Stdin.Fd())) }

// wait waits briefly for killed processes, which would otherwise outlive this one.
func (p *processes) wait() {
	done := make(chan struct{})
	go func() { p.running.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * killDelay):
	}
}
