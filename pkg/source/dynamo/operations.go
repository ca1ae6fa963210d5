package dynamo

import (
	"github.com/credrender/credrender/pkg/source/credstash"
)

// The SDK's client adds the endpoint rules of all regions to each start of the program,
// and its newer releases descriptions of all messages. So the operations use package wire
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations.html).
// Requests and answers have the fields that are used.

type attributes map[string]credstash.Attribute

// change is the request of a PutItem, UpdateItem or DeleteItem. Each uses the fields that
// its operation has.
type change struct {
	TableName                           string
	Item                                attributes        `json:",omitempty"`
	Key                                 attributes        `json:",omitempty"`
	UpdateExpression                    string            `json:",omitempty"`
	ConditionExpression                 string            `json:",omitempty"`
	ExpressionAttributeNames            map[string]string `json:",omitempty"`
	ExpressionAttributeValues           attributes        `json:",omitempty"`
	ReturnValuesOnConditionCheckFailure string            `json:",omitempty"`
}

// held is the stored item in the answer to a change whose condition failed. Some emulators
// do not return it.
type held struct{ Item attributes }

// The code of such an answer, and the value of [change] that asks for the item.
const (
	conditionFailed = "ConditionalCheckFailedException"
	allOld          = "ALL_OLD"
)

// Values of tables
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html).
const (
	creating   = "CREATING"
	active     = "ACTIVE"
	updating   = "UPDATING"
	onDemand   = "PAY_PER_REQUEST"
	partition  = "HASH"
	sorting    = "RANGE"
	typeString = "S"
)

// table is the request of operations that take nothing but a table.
type table struct{ TableName string }

type definition struct{ AttributeName, AttributeType string }

type keyElement struct{ AttributeName, KeyType string }

type throughput struct{ ReadCapacityUnits, WriteCapacityUnits int64 }

// settings is the request of a CreateTable or UpdateTable.
type settings struct {
	TableName                 string
	AttributeDefinitions      []definition `json:",omitempty"`
	KeySchema                 []keyElement `json:",omitempty"`
	BillingMode               string       `json:",omitempty"`
	ProvisionedThroughput     *throughput  `json:",omitempty"`
	DeletionProtectionEnabled bool         `json:",omitempty"`
	Tags                      []tag        `json:",omitempty"`
}

// description is a table.
type description struct {
	TableArn, TableStatus     string
	AttributeDefinitions      []definition
	KeySchema                 []keyElement
	BillingModeSummary        struct{ BillingMode string }
	ProvisionedThroughput     throughput
	DeletionProtectionEnabled bool
}

type described struct{ Table *description }

type recovery struct {
	TableName                        string
	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
}

type backups struct {
	ContinuousBackupsDescription struct {
		PointInTimeRecoveryDescription struct{ PointInTimeRecoveryStatus string }
	}
}

type tag struct{ Key, Value string }

type tagInput struct {
	ResourceARN string `json:"ResourceArn"`
	Tags        []tag
}

type tagsInput struct {
	ResourceARN string `json:"ResourceArn"`
	NextToken   string `json:",omitempty"`
}

type tagsOutput struct {
	Tags      []tag
	NextToken string
}
