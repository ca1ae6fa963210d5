package awsconfig

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/credrender/credrender/pkg/source"
)

// ErrRegion: a text cannot be the name of a region. The region is part of the host that
// requests are signed for and sent to: with the region "evil.com/#" that would be a host
// of evil.com.
var ErrRegion = errors.New("invalid AWS region")

// CheckRegion returns an error for text that cannot be the name of a region. It knows no
// list of regions, since AWS adds new ones every year.
func CheckRegion(region string) error {
	if source.IsRegion(region) {
		return nil
	}
	return fmt.Errorf("%w: %s: a region has lower-case letters, digits and hyphens, such as eu-west-1", ErrRegion, source.Show(region))
}

// checkRegions checks the regions of the options, the profile and its SSO session.
func checkRegions(o Options, cfg aws.Config) error {
	all := []string{o.Region, o.KMSRegion, o.DefaultRegion, cfg.Region}
	for _, src := range cfg.ConfigSources {
		shared, ok := src.(config.SharedConfig)
		for p := &shared; ok && p != nil; p = p.Source { // of the profiles that it builds on too
			all = append(all, p.Region, p.SSORegion)
			if p.SSOSession != nil {
				all = append(all, p.SSOSession.SSORegion)
			}
		}
	}
	for _, region := range all {
		if region == "" {
			continue
		}
		if err := CheckRegion(region); err != nil {
			return err
		}
	}
	return nil
}
