package s3

import (
	"context"
	"crypto/rand"
	"crypto/sha1" // a checksum that S3 may have of an object
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// get reads an object. The version "" is the newest
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
func (c *client) get(ctx context.Context, bucket, key, version string) (data []byte, header http.Header, err error) {
	op := operation{name: "GetObject", method: http.MethodGet, bucket: bucket, key: key, query: versioned("GetObject", version), header: http.Header{}}
	if c.getSums {
		op.header.Set("X-Amz-Checksum-Mode", "ENABLED")
	}
	nonce := c.nonce(bucket)
	if nonce != "" {
		op.query.Set("response-content-language", nonce)
	}
	err = c.do(ctx, op, func(resp *http.Response, body []byte) error {
		data, header = body, resp.Header
		if got := resp.Header.Get("X-Amz-Version-Id"); version != "" && got != "" && got != version {
			return wire.Other()
		}
		if c.getSums {
			if err := intact(resp.Header, body); err != nil {
				return err
			}
		}
		return fits(nonce, resp.Header.Get("Content-Language"))
	})
	return data, header, err
}

// Each request for an object contains a random language, which S3 repeats in its answer.
// Nothing else in an answer identifies the object. It is a language for private use
// (https://www.rfc-editor.org/rfc/rfc5646.html#section-2.2.7).
const privateUse = "x-credrend-"

// nonce returns the language for one request. It returns "" if the request is not signed,
// because S3 then refuses a language, and for Object Lambda and Outposts, which may not
// repeat it.
func (c *client) nonce(bucket string) string {
	if arn, ok := source.ParseARN(bucket); !c.signs || ok && arn.Service != "s3" {
		return ""
	}
	return privateUse + strings.ToLower(rand.Text()[:8]+"-"+rand.Text()[:8])
}

// fits compares the language of an answer with that of its request. An answer without one
// may belong to a HEAD, to a list or to another program. Some emulators repeat no language,
// so it is believed on a new connection.
func fits(asked, got string) error {
	switch {
	case asked == "":
		return wire.Anonymous()
	case !strings.HasPrefix(got, privateUse):
		return wire.Unproven(nil)
	case got != asked:
		return wire.Other()
	}
	return nil
}

// head requests the headers of an object. If the object still has the given ETag, S3
// answers 304
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html).
func (c *client) head(ctx context.Context, bucket, key, version, etag string) (header http.Header, err error) {
	op := operation{name: "HeadObject", method: http.MethodHead, bucket: bucket, key: key, query: versioned("", version), header: http.Header{}}
	if etag != "" {
		op.header.Set("If-None-Match", etag)
	}
	err = c.do(ctx, op, func(resp *http.Response, _ []byte) error {
		header = resp.Header
		return nil
	})
	return header, err
}

// versioned returns the query of an operation on an object.
func versioned(id, version string) url.Values {
	q := url.Values{}
	if id != "" {
		q.Set("x-id", id) // S3 ignores it, but emulators may not
	}
	if version != "" {
		q.Set("versionId", version)
	}
	return q
}

// versionOf returns the version in an answer, or "" if the bucket keeps no versions.
func versionOf(h http.Header) string {
	if v := h.Get("X-Amz-Version-Id"); v != "null" {
		return v
	}
	return ""
}

// object is one in a list.
type object struct {
	Key  string
	Size int64
}

// page is a part of a list.
type page struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	EncodingType          string
	Prefix                string
	ContinuationToken     string // as it was requested
	Contents              []object
	IsTruncated           bool
	NextContinuationToken string
}

// list returns a page of the objects below a prefix, and the token of the next page, or "".
// It requests keys in URL encoding, because XML cannot represent some characters
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
func (c *client) list(ctx context.Context, bucket, prefix, token string) (objects []object, next string, err error) {
	op := operation{name: "ListObjectsV2", method: http.MethodGet, bucket: bucket, query: url.Values{
		"list-type": {"2"}, "encoding-type": {"url"}, "prefix": {prefix},
	}}
	if token != "" {
		op.query.Set("continuation-token", token)
	}
	err = c.do(ctx, op, func(_ *http.Response, data []byte) error {
		var p page
		if err := xml.Unmarshal(data, &p); err != nil || p.decode() != nil || p.IsTruncated && p.NextContinuationToken == "" {
			return unreadable(data)
		}
		if err := p.check(prefix, token); err != nil {
			return err
		}
		objects, next = p.Contents, ""
		if p.IsTruncated {
			next = p.NextContinuationToken
		}
		return nil
	})
	return objects, next, err
}

// check reports a page that does not belong to the request.
func (p *page) check(prefix, token string) error {
	foreign := func(o object) bool { return !strings.HasPrefix(o.Key, prefix) }
	switch {
	case p.Prefix != "" && p.Prefix != prefix, p.ContinuationToken != "" && p.ContinuationToken != token,
		slices.ContainsFunc(p.Contents, foreign):
		return wire.Other()
	case len(p.Contents) == 0 && p.Prefix == "": // nothing to compare
		return wire.Anonymous()
	}
	return nil
}

// decode removes the URL encoding of keys, if the page has it.
func (p *page) decode() error {
	if p.EncodingType != "url" {
		return nil
	}
	prefix, err := url.QueryUnescape(p.Prefix)
	if err != nil {
		return err
	}
	p.Prefix = prefix
	for i, o := range p.Contents {
		key, err := url.QueryUnescape(o.Key)
		if err != nil {
			return err
		}
		p.Contents[i].Key = key
	}
	return nil
}

var errDamaged = fmt.Errorf("%w: the object does not match the checksum that S3 keeps of it", source.ErrIntegrity)

// intact compares an object with its checksum in S3, if there is one. The checksum of an
// upload in parts ("...-3") is computed from those of the parts, so it cannot be compared
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).
func intact(h http.Header, body []byte) error {
	for name, sum := range map[string]func() hash.Hash{
		"Crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(nvme)) },
		"Crc32":     func() hash.Hash { return crc32.NewIEEE() },
		"Crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
		"Sha256":    sha256.New,
		"Sha1":      sha1.New,
	} {
		want := h.Get("X-Amz-Checksum-" + name)
		if want == "" || strings.Contains(want, "-") {
			continue
		}
		if want != sumOf(sum(), body) {
			return errDamaged
		}
	}
	return nil
}

// nvme is the polynomial of CRC-64/NVME, reversed as package crc64 has them.
const nvme = 0x9a6c9329ac4bc9b5

func sumOf(h hash.Hash, body []byte) string {
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
