// IAM and STS through the whole pipeline: the table's permissions, each alone; its parameters; the records.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>

#include "keyfold/kms/server/iam/iam_testing.h"

namespace keyfold::server {
namespace {

// What each operation is called with, on entities that make() makes anew for each.
Parameters parameters_of(const IamRow& row) {
  const std::string policy = "arn:aws:iam::123456789012:policy/p";
  const std::string name(row.name);
  Parameters all;
  switch (row.resource) {
    case IamResource::user:
    case IamResource::user_or_caller:
      all.emplace_back("UserName", name == "DeleteUser" ? "bare" : "u");
      break;
    case IamResource::group:
      all.emplace_back("GroupName", name == "DeleteGroup" ? "bare" : "g");
      break;
    case IamResource::role:
      all.emplace_back("RoleName", name == "DeleteRole" ? "bare" : "r");
      break;
    case IamResource::policy:
      all.emplace_back("PolicyArn", name == "DeletePolicy" ? "arn:aws:iam::123456789012:policy/bare" : policy);
      break;
    case IamResource::new_user:
      all.emplace_back("UserName", "new");
      break;
    case IamResource::new_group:
      all.emplace_back("GroupName", "new");
      break;
    case IamResource::new_role:
      all.emplace_back("RoleName", "new");
      all.emplace_back("AssumeRolePolicyDocument", trust);
      break;
    case IamResource::new_policy:
      all.emplace_back("PolicyName", "new");
      all.emplace_back("PolicyDocument", some_policy);
      break;
    case IamResource::access_key:
      break;
    case IamResource::role_to_assume:
      all.emplace_back("RoleArn", "arn:aws:iam::123456789012:role/r");
      all.emplace_back("RoleSessionName", "one");
      break;
    case IamResource::account:
    case IamResource::everybody:
      break;
  }
  const auto has = [&name](std::string_view part) { return name.find(part) != std::string::npos; };
  if (has("Attach") && !has("List")) all.emplace_back("PolicyArn", policy);
  if (has("Detach")) all.emplace_back("PolicyArn", policy);
  if (name == "AddUserToGroup") all.emplace_back("UserName", "probe");
  if (name == "RemoveUserFromGroup") all.emplace_back("UserName", "u");
  if (has("UserPolicy") || has("GroupPolicy") || has("RolePolicy"))
    if (!has("Attach") && !has("Detach") && !has("AssumeRole")) all.emplace_back("PolicyName", "inline");
  if (name.starts_with("Put") && has("Policy")) all.emplace_back("PolicyDocument", some_policy);
  if (name == "UpdateAssumeRolePolicy") all.emplace_back("PolicyDocument", trust);
  if (name == "CreatePolicyVersion") all.emplace_back("PolicyDocument", some_policy);
  if (has("PolicyVersion") && !has("Create") && !has("List"))
    all.emplace_back("VersionId", name == "DeletePolicyVersion" ? "v2" : "v1");
  if (name.starts_with("Put") && has("Boundary")) all.emplace_back("PermissionsBoundary", policy);
  if (name.starts_with("Tag")) {
    all.emplace_back("Tags.member.1.Key", "k");
    all.emplace_back("Tags.member.1.Value", "v");
  }
  if (name.starts_with("Untag")) all.emplace_back("TagKeys.member.1", "k");
  if (name == "UpdateAccessKey") all.emplace_back("Status", "Inactive");
  return all;
}

class Matrix : public Iam {
 protected:
  // Everything that the operations are about.
  void make() {
    must("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", some_policy}});
    must("CreatePolicyVersion", {{"PolicyArn", policy_}, {"PolicyDocument", some_policy}});
    must("CreatePolicy", {{"PolicyName", "bare"}, {"PolicyDocument", some_policy}});
    for (const auto* name : {"u", "bare"}) must("CreateUser", {{"UserName", name}});
    for (const auto* name : {"g", "bare"}) must("CreateGroup", {{"GroupName", name}});
    for (const auto* name : {"r", "bare"})
      must("CreateRole", {{"RoleName", name}, {"AssumeRolePolicyDocument", trust}});
    for (const std::string kind : {"User", "Group", "Role"}) {
      const Parameters one = {{kind + "Name", kind == "User" ? "u" : kind == "Group" ? "g" : "r"}};
      must("Put" + kind + "Policy", with(one, {{"PolicyName", "inline"}, {"PolicyDocument", some_policy}}));
      must("Attach" + kind + "Policy", with(one, {{"PolicyArn", policy_}}));
      if (kind != "Group") must("Put" + kind + "PermissionsBoundary", with(one, {{"PermissionsBoundary", policy_}}));
    }
    must("AddUserToGroup", {{"UserName", "u"}, {"GroupName", "g"}});
    access_key_ = element(must("CreateAccessKey", {{"UserName", "u"}}), "AccessKeyId");
  }
  static Parameters with(Parameters a, const Parameters& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }
  Answer must(std::string_view operation, const Parameters& parameters) {
    const auto answer = call(operation, parameters);
    EXPECT_EQ(answer.status, 200) << operation << answer.body;
    return answer;
  }
  Parameters parameters(const IamRow& row) {
    auto all = parameters_of(row);
    if (row.name.find("AccessKey") != std::string_view::npos && row.name != "CreateAccessKey" &&
        row.name != "ListAccessKeys")
      all.emplace_back("AccessKeyId", access_key_);
    return all;
  }
  const std::string policy_ = "arn:aws:iam::123456789012:policy/p";
  std::string access_key_;
};

TEST_F(Matrix, EachOperationIsAllowedByItsOwnPermissionAlone) {
  make();
  const auto probe = user("probe", "");
  const auto give = [&](const std::string& policy) { ASSERT_TRUE(kms_.put_policy("probe", policy)); };
  // Refusals first: they change nothing. With every permission but its own.
  for (const auto& row : iam_table()) {
    if (row.resource == IamResource::everybody) continue;
    give(R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":")" + std::string(row.action()) +
         R"(","Resource":"*"}})");
    const auto denied = call(row, parameters(row), probe);
    EXPECT_EQ(denied.status, 403) << row.name << denied.body;
    EXPECT_EQ(element(denied, "Code"), "AccessDenied") << row.name;
    EXPECT_NE(denied.body.find("is not authorized to perform: " + std::string(row.action())), std::string::npos)
        << denied.body;
  }
  // What takes away comes last, so that it finds what it takes.
  const auto order = [](const IamRow& row) {
    const auto name = row.name;
    return name.starts_with("Delete") || name.starts_with("Detach") || name.starts_with("Remove") ||
           name == "CreateAccessKey";
  };
  for (const bool last : {false, true})
    for (const auto& row : iam_table()) {
      if (order(row) != last) continue;
      give(allowing({row.resource == IamResource::everybody ? "kms:Encrypt" : std::string(row.action())}));
      const auto allowed = call(row, parameters(row), probe);
      EXPECT_EQ(allowed.status, 200) << row.name << allowed.body;
    }
}

// Everything that some operation takes, in the form in which a request has it.
std::map<std::string, std::string> parameters_of_all() {
  std::map<std::string, std::string> all;
  for (const auto& row : iam_table())
    for (const auto& parameter : row.parameters()) {
      const std::string name(parameter.name);
      if (!parameter.is_list) all[name] = "x";
      if (parameter.is_list) all[name] = "";  // An empty list.
      if (parameter.is_list && parameter.parts.empty()) all[name + ".member.1"] = "x";
      for (const auto part : parameter.parts) all[name + ".member.1." + std::string(part)] = "x";
    }
  for (const auto* name : {"userName", "PolicyARN", "Tags", "Tags.1.Key", "Tags.member.1", "Tags.member.1.key",
                           "TagKeys.member.1.Key", "PolicyArns.member.1.Arn", "Action.member.1", "Unheard"})
    all[name] = "x";
  return all;
}

TEST_F(Matrix, NoOperationIsGivenAParameterThatItDoesNotTake) {
  make();
  const auto all = parameters_of_all();
  EXPECT_GT(all.size(), 45U);
  int refused = 0;
  for (const auto& row : iam_table()) {
    const auto taken = row.parameters();
    for (const auto& [name, value] : all) {
      const bool is_taken = std::ranges::any_of(taken, [&](const auto& parameter) { return parameter.has(name); });
      if (is_taken && (name != "Tags" || value.empty())) continue;
      const auto answer = call(row, with(parameters(row), {{name, value}}));
      EXPECT_EQ(element(answer, "Code"), "ValidationError") << row.name << " " << name << answer.body;
      ++refused;
    }
  }
  EXPECT_GT(refused, 2500);
  EXPECT_NE(call("GetUser", {{"Path", "/"}}).body.find("The parameter Path is not valid for GetUser"),
            std::string::npos);
}

TEST_F(Matrix, AGapInAListIsRefusedEverywhere) {
  make();
  for (const auto& row : iam_table())
    for (const auto& parameter : row.parameters()) {
      if (!parameter.is_list) continue;
      Parameters all;
      for (const auto& one : parameters(row))
        if (!one.first.starts_with(parameter.name)) all.push_back(one);
      const std::string part = parameter.parts.empty() ? "" : "." + std::string(parameter.parts.front());
      for (const auto* number : {"2", "0", "01", "x", "129"}) {
        const auto answer = call(row, with(all, {{std::string(parameter.name) + ".member." + number + part, "abc"}}));
        EXPECT_EQ(element(answer, "Code"), "ValidationError") << row.name << number << answer.body;
      }
    }
}

TEST_F(Matrix, WhatCannotBeRecordedWholeIsNotDone) {
  make();
  const auto last = [this] { return kms_.leaves().back(); };
  const auto padded = [](std::size_t size) {
    const std::string body = some_policy;
    return std::string(size - body.size(), ' ') + body;
  };
  const Parameters put = {{"UserName", "u"}, {"PolicyName", "q"}};
  must("PutUserPolicy", with(put, {{"PolicyDocument", padded(8000)}}));
  EXPECT_NE(last().find("kms:Encrypt"), std::string::npos);
  const auto large = call("PutUserPolicy", with(put, {{"PolicyDocument", padded(policy::document_size_max + 1)}}));
  EXPECT_EQ(element(large, "Code"), "ValidationError") << large.body;
  EXPECT_NE(last().find(R"("errorCode":"ValidationError")"), std::string::npos);
  EXPECT_NE(last().find(R"("userName":"u")"), std::string::npos);
  // What an operation takes at most, fits.
  Parameters tags = {{"RoleName", "many"}, {"AssumeRolePolicyDocument", trust}};
  for (int i = 1; i <= 50; ++i) {
    const std::string member = "Tags.member." + std::to_string(i);
    tags.emplace_back(member + ".Key", std::to_string(i) + std::string(120, 'k'));
    tags.emplace_back(member + ".Value", std::string(256, 'v'));
  }
  must("CreateRole", tags);
  EXPECT_NE(last().find("tags.member.50.Value"), std::string::npos);
  // A hundred large values do not.
  Parameters flood;
  for (int i = 1; i <= 100; ++i) flood.emplace_back("TagKeys.member." + std::to_string(i), std::string(2000, 'k'));
  const auto flooded = call("UntagUser", with({{"UserName", "u"}}, flood));
  EXPECT_EQ(element(flooded, "Code"), "ValidationError") << flooded.body;
}

TEST_F(Matrix, EveryCallIsRecordedWithItsSourceAndWithoutSecrets) {
  make();
  const auto made = must("CreateAccessKey", {{"UserName", "u"}});
  call("GetUser", {{"UserName", "nobody"}});
  const auto leaves = kms_.leaves();
  std::map<std::string, int> seen;
  for (const auto& leaf : leaves) {
    EXPECT_EQ(leaf.find(element(made, "SecretAccessKey")), std::string::npos);
    for (const auto* name : {"CreateRole", "PutUserPolicy", "CreateAccessKey", "GetUser"})
      if (leaf.find("\"eventName\":\"" + std::string(name) + "\"") != std::string::npos &&
          leaf.find(R"("eventSource":"iam.amazonaws.com")") != std::string::npos)
        ++seen[name];
  }
  EXPECT_EQ(seen, (std::map<std::string, int>{
                      {"CreateAccessKey", 2}, {"CreateRole", 2}, {"GetUser", 1}, {"PutUserPolicy", 1}}));
  EXPECT_NE(leaves.back().find(R"("errorCode":"NoSuchEntity")"), std::string::npos);
  EXPECT_NE(leaves.back().find(R"("requestParameters":{"userName":"nobody"})"), std::string::npos);
}

TEST_F(Matrix, DelegatedAdministrationIsLimitedByConditions) {
  make();
  const auto allowed_if = [](std::string_view action, std::string_view condition) {
    return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":")" + std::string(action) +
           R"(","Resource":"*","Condition":{)" + std::string(condition) + "}}}";
  };
  int number = 0;
  const auto status = [&](const std::string& policy, std::string_view operation, const Parameters& parameters) {
    return call(operation, parameters, user("delegate-" + std::to_string(++number), policy)).status;
  };
  const std::string attach =
      allowed_if("iam:AttachUserPolicy", R"("ArnEquals":{"iam:PolicyARN":"arn:aws:iam::123456789012:policy/bare"})");
  EXPECT_EQ(status(attach, "AttachUserPolicy", {{"UserName", "bare"}, {"PolicyArn", policy_}}), 403);
  EXPECT_EQ(status(attach, "AttachUserPolicy",
                   {{"UserName", "bare"}, {"PolicyArn", "arn:aws:iam::123456789012:policy/bare"}}),
            200);
  const std::string bounded =
      allowed_if("iam:CreateUser", R"("StringEquals":{"iam:PermissionsBoundary":")" + policy_ + "\"}");
  EXPECT_EQ(status(bounded, "CreateUser", {{"UserName", "free"}}), 403);
  EXPECT_EQ(status(bounded, "CreateUser", {{"UserName", "tied"}, {"PermissionsBoundary", policy_}}), 200);
  // Of one that is there, the boundary is his own.
  const std::string only_bounded =
      allowed_if("iam:PutUserPolicy", R"("StringEquals":{"iam:PermissionsBoundary":")" + policy_ + "\"}");
  const Parameters inlined = {{"PolicyName", "p"}, {"PolicyDocument", some_policy}};
  EXPECT_EQ(status(only_bounded, "PutUserPolicy", with({{"UserName", "bare"}}, inlined)), 403);
  EXPECT_EQ(status(only_bounded, "PutUserPolicy", with({{"UserName", "u"}}, inlined)), 200);
  const Parameters ledger = {{"Tags.member.1.Key", "team"}, {"Tags.member.1.Value", "ledger"}};
  const std::string tagged = allowed_if("iam:*User", R"("StringEquals":{"aws:RequestTag/team":"ledger"})");
  EXPECT_EQ(status(tagged, "CreateUser", {{"UserName", "untagged"}}), 403);
  EXPECT_EQ(status(tagged, "CreateUser", with({{"UserName", "tagged"}}, ledger)), 200);
  const std::string keys = allowed_if("iam:TagUser", R"("ForAllValues:StringEquals":{"aws:TagKeys":["floor"]})");
  EXPECT_EQ(status(keys, "TagUser", with({{"UserName", "tagged"}}, ledger)), 403);
  const std::string own_team = allowed_if("iam:DeleteUser", R"("StringEquals":{"iam:ResourceTag/team":"ledger"})");
  EXPECT_EQ(status(own_team, "DeleteUser", {{"UserName", "tied"}}), 403);
  EXPECT_EQ(status(own_team, "DeleteUser", {{"UserName", "tagged"}}), 200);
  // A parameter that does nothing satisfies nothing.
  const Parameters attached = {{"UserName", "u"}, {"PolicyArn", "arn:aws:iam::123456789012:policy/bare"}};
  const std::string bare_only =
      allowed_if("iam:*", R"("StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::123456789012:policy/bare"})");
  EXPECT_EQ(status(bare_only, "AttachUserPolicy", attached), 403);
  EXPECT_EQ(status(bare_only, "AttachUserPolicy",
                   with(attached, {{"PermissionsBoundary", "arn:aws:iam::123456789012:policy/bare"}})),
            400);
  const std::string ledger_only = allowed_if("iam:*", R"("StringEquals":{"aws:RequestTag/team":"ledger"})");
  EXPECT_EQ(status(ledger_only, "AttachUserPolicy", with(attached, ledger)), 400);
  EXPECT_EQ(status(ledger_only, "TagUser", with({{"UserName", "u"}}, ledger)), 200);
  const std::string arn_only =
      allowed_if("iam:*", R"("ArnEquals":{"iam:PolicyARN":"arn:aws:iam::123456789012:policy/bare"})");
  const Parameters inline_of_u = with({{"UserName", "u"}}, inlined);
  EXPECT_EQ(status(arn_only, "PutUserPolicy", inline_of_u), 403);
  EXPECT_EQ(
      status(arn_only, "PutUserPolicy", with(inline_of_u, {{"PolicyArn", "arn:aws:iam::123456789012:policy/bare"}})),
      400);
  // Of the policies that an operation is about, the ARN is no condition value, and of the boundary the one asked for.
  EXPECT_EQ(status(arn_only, "GetPolicy", {{"PolicyArn", "arn:aws:iam::123456789012:policy/bare"}}), 403);
  const std::string to_p = allowed_if("iam:Put*", R"("StringEquals":{"iam:PermissionsBoundary":")" + policy_ + "\"}");
  EXPECT_EQ(status(to_p, "PutUserPermissionsBoundary",
                   {{"UserName", "u"}, {"PermissionsBoundary", "arn:aws:iam::123456789012:policy/bare"}}),
            403);
  EXPECT_EQ(status(to_p, "PutUserPermissionsBoundary", {{"UserName", "bare"}, {"PermissionsBoundary", policy_}}), 200);
  const std::string here = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser",)"
                           R"("Resource":"arn:aws:iam::123456789012:user/${aws:username}"}})";
  EXPECT_EQ(status(here, "GetUser", {}), 200);
  EXPECT_EQ(status(here, "GetUser", {{"UserName", "bare"}}), 403);
}

TEST_F(Matrix, WhoMakesSomethingWithTagsMustBeAllowedToTagIt) {
  make();
  const Parameters tags = {{"Tags.member.1.Key", "clearance"}, {"Tags.member.1.Value", "top"}};
  int number = 0, rows = 0;
  for (const auto& row : iam_table()) {
    if (row.tag_action.empty()) continue;
    ++rows;
    const std::string action(row.action()), tag(row.tag_action);
    const auto by = [&](const std::vector<std::string>& actions, const Parameters& parameters) {
      return call(row, parameters, user("maker-" + std::to_string(++number), allowing(actions)));
    };
    const auto denied = by({action}, with(parameters(row), tags));
    EXPECT_EQ(denied.status, 403) << denied.body;
    EXPECT_NE(denied.body.find("is not authorized to perform: " + tag), std::string::npos) << denied.body;
    EXPECT_NE(kms_.leaves().back().find(R"("decision":"implicit deny")"), std::string::npos);
    EXPECT_EQ(by({tag}, with(parameters(row), tags)).status, 403);
    if (row.service == QueryService::iam) {
      EXPECT_EQ(by({action}, parameters(row)).status, 200);
      const std::string remove = "Delete" + std::string(row.name.substr(6));
      Parameters of = {{std::string(row.parameter), "new"}};
      if (remove == "DeletePolicy") of = {{"PolicyArn", "arn:aws:iam::123456789012:policy/new"}};
      must(remove, of);
      EXPECT_EQ(by({action, tag}, with(parameters(row), tags)).status, 200);
    }
  }
  EXPECT_EQ(rows, 4);
  // On the same resource, with the same facts.
  const auto maker = [&](std::string_view condition) {
    return user("maker-" + std::to_string(++number),
                R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*"},)"
                R"({"Effect":"Allow","Action":"iam:TagUser","Resource":"arn:aws:iam::123456789012:user/tagged/*",)"
                R"("Condition":{"StringEquals":{"aws:RequestTag/clearance":")" +
                    std::string(condition) + "\"}}}]}");
  };
  const Parameters there = with({{"UserName", "there"}, {"Path", "/tagged/"}}, tags);
  EXPECT_EQ(call("CreateUser", there, maker("low")).status, 403);
  EXPECT_EQ(call("CreateUser", with({{"UserName", "there"}}, tags), maker("top")).status, 403);
  EXPECT_EQ(call("CreateUser", there, maker("top")).status, 200);
}

TEST_F(Matrix, WhatIsWrittenInOnesOwnWordsIsReadAgain) {
  make();
  const auto describe = [&](std::string_view operation, const std::string& text) {
    Parameters all = {{"Description", text}};
    const bool is_role = operation == "UpdateRole";
    all.emplace_back(is_role ? "RoleName" : "PolicyName", is_role ? "r" : "described");
    if (!is_role) all.emplace_back("PolicyDocument", some_policy);
    return call(operation, all).status;
  };
  for (const auto* forbidden : {"\xEF\xBF\xBE", "\xEF\xBF\xBF", "\x01", "\x7F", "\xC2\x80", "\xE2\x82\xAC"})
    EXPECT_EQ(describe("UpdateRole", std::string("a") + forbidden), 400) << forbidden;
  EXPECT_EQ(describe("UpdateRole", "tab\t line\n r\xC3\xB4le"), 200);
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += "\xC3\xB4";
  EXPECT_EQ(describe("UpdateRole", thousand), 200);
  EXPECT_EQ(describe("UpdateRole", thousand + "o"), 400);
  EXPECT_EQ(describe("CreatePolicy", "any \xE2\x82\xAC, even \xEF\xBF\xBE"), 200);
  const auto got = call("GetPolicy", {{"PolicyArn", "arn:aws:iam::123456789012:policy/described"}});
  EXPECT_EQ(element(got, "Description"), "any \xE2\x82\xAC, even \xEF\xBF\xBD");
  // Errors are cut where a character ends.
  for (std::size_t size = 240; size < 260; ++size) {
    const auto answer = call("GetUser", {{"UserName", std::string(size, 'x') + "\xC3\xB4\xE2\x82\xAC"}});
    const auto message = element(answer, "Message");
    EXPECT_TRUE(simdjson::validate_utf8(message.data(), message.size())) << size;
  }
}

TEST_F(Matrix, AParameterHasOneOfItsValues) {
  make();
  for (const auto& [operation, parameter] :
       std::vector<std::pair<std::string, std::string>>{{"ListPolicies", "Scope"},
                                                        {"ListPolicies", "OnlyAttached"},
                                                        {"ListPolicies", "PolicyUsageFilter"},
                                                        {"ListEntitiesForPolicy", "EntityFilter"},
                                                        {"ListEntitiesForPolicy", "PolicyUsageFilter"},
                                                        {"CreatePolicyVersion", "SetAsDefault"}}) {
    Parameters all = {{parameter, "Whatever"}};
    if (operation != "ListPolicies") all.emplace_back("PolicyArn", policy_);
    if (operation == "CreatePolicyVersion") all.emplace_back("PolicyDocument", some_policy);
    EXPECT_EQ(element(call(operation, all), "Code"), "ValidationError") << operation << parameter;
    all.front().second = "";
    EXPECT_EQ(element(call(operation, all), "Code"), "ValidationError") << operation << parameter;
  }
  must("ListPolicies", {{"OnlyAttached", "false"}, {"Scope", "All"}, {"PolicyUsageFilter", "PermissionsPolicy"}});
}

TEST_F(Matrix, NothingShowsOfAnotherAccountsPolicies) {
  const Signer abroad{.id = "210987654321"};
  const std::string theirs = "arn:aws:iam::210987654321:policy/project";
  ASSERT_EQ(call("CreatePolicy",
                 {{"PolicyName", "project"},
                  {"PolicyDocument", some_policy},
                  {"Tags.member.1.Key", "project"},
                  {"Tags.member.1.Value", "north-star"}},
                 abroad)
                .status,
            200);
  for (const auto* value : {"north-star", "other"}) {
    const auto probe = user("probe-" + std::string(value),
                            R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetPolicy",)"
                            R"("Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/project":")" +
                                std::string(value) + "\"}}}}");
    EXPECT_EQ(element(call("GetPolicy", {{"PolicyArn", theirs}}, probe), "Code"), "AccessDenied") << value;
  }
}

// Of one that is not there the ARN is of the path "/", and no other that the caller would like to be allowed.
TEST_F(Matrix, WhoIsThereDoesNotShowToThoseWhoMayNotAsk) {
  must("CreateUser", {{"UserName", "alice"}, {"Path", "/hr/"}});
  const auto probe = user("probe", R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*",)"
                                   R"("Resource":"arn:aws:iam::123456789012:user/dev/*"}})");
  for (const auto* name : {"alice", "nobody"}) {
    EXPECT_EQ(element(call("GetUser", {{"UserName", name}}, probe), "Code"), "AccessDenied") << name;
    EXPECT_EQ(element(call("GetUser", {{"UserName", name}, {"Path", "/dev/"}}, probe), "Code"), "ValidationError");
  }
}

TEST_F(Iam, TheServiceIsTheSignaturesAndNoOther) {
  // Signed for KMS, sent as a form: IAM's, whose name is not in the scope.
  Signed wrong = sign("kms", "application/x-www-form-urlencoded", "", "Action=ListUsers&Version=2010-05-08", {});
  const auto refused = kms_.send(wrong);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(element(refused, "Code"), "SignatureDoesNotMatch") << refused.body;
  // STS has no ListUsers, and IAM no other version of it.
  Signed sts = sign("sts", "application/x-www-form-urlencoded", "", "Action=ListUsers&Version=2011-06-15", {});
  EXPECT_EQ(element(kms_.send(sts), "Code"), "InvalidAction");
  Signed old = sign("iam", "application/x-www-form-urlencoded", "", "Action=ListUsers&Version=2009-01-01", {});
  EXPECT_EQ(element(kms_.send(old), "Code"), "InvalidAction");
  Signed twice =
      sign("iam", "application/x-www-form-urlencoded", "", "Action=ListUsers&Action=ListUsers&Version=2010-05-08", {});
  EXPECT_EQ(element(kms_.send(twice), "Code"), "ValidationError");
}

}  // namespace
}  // namespace keyfold::server
