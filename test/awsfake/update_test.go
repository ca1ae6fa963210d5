package awsfake_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/test/awsfake"
)

func TestUpdateRefuses(t *testing.T) {
	tests := []struct{ expression, want string }{
		{"SET version = :v", "part of the key"},
		{"REMOVE version SET a = :v", "part of the key"},
		{"SET a = :v, a = :v", "overlap"},
		{"SET a = :v REMOVE a", "overlap"},
		{"SET key = :v", "reserved keyword"},
		{"SET a :v", "Syntax error"},
		{"PUT a = :v", "Syntax error"},
		{"REMOVE a", "unused in expressions"},
		{"ADD a :v", "ADD"}, // what is not implemented is refused
	}
	srv := awsfake.Start(t)
	c := withTable(t, srv)
	for _, tt := range tests {
		_, err := c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(tableName), Key: map[string]types.AttributeValue{"name": str("a"), "version": str("1")},
			UpdateExpression: aws.String(tt.expression), ExpressionAttributeValues: map[string]types.AttributeValue{":v": str("x")},
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.expression, err, tt.want)
		}
	}
}

// An update of what is not there makes it, and is charged for the larger of
// what was and what is.
func TestUpdateMakesAndCharges(t *testing.T) {
	srv := awsfake.Start(t)
	c := withTable(t, srv)
	srv.Forget()
	for i, text := range []string{strings.Repeat("x", 3000), "y"} {
		_, err := c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(tableName), Key: map[string]types.AttributeValue{"name": str("a"), "version": str("1")},
			UpdateExpression: aws.String("SET a = :v"), ExpressionAttributeValues: map[string]types.AttributeValue{":v": str(text)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, units := srv.UnitsOf("UpdateItem"); units != float64(3*(i+1)) {
			t.Errorf("after %d updates: %v units", i+1, units)
		}
	}
}
