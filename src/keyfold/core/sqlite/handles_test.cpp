#include "keyfold/core/sqlite/handles.h"

#include <gtest/gtest.h>

#include <fstream>

#include "keyfold/testing/temporary_folder.h"

namespace keyfold::sqlite {
namespace {

class Handles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder / "database").close();
    int failed = SQLITE_ERROR;
    database = open(folder / "database", failed);
    ASSERT_EQ(failed, SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database.get(), "CREATE TABLE t (a TEXT NOT NULL, b BLOB NOT NULL, n INTEGER NOT NULL)",
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
  }
  Statement prepare(std::string_view sql) {
    auto statement = Statement::prepare(database.get(), sql);
    EXPECT_TRUE(statement) << sqlite3_errmsg(database.get());
    return statement ? *std::move(statement) : Statement();
  }
  const keyfold::testing::TemporaryFolder folder;
  Database database;
};

TEST_F(Handles, WhatIsBoundIsReadBackEmptyOnesToo) {
  auto insert = prepare("INSERT INTO t VALUES (?, ?, ?)");
  auto select = prepare("SELECT a, b, n FROM t");
  for (const std::string_view text :
       {std::string_view("größe"), std::string_view(), std::string_view("with\0nul", 8)}) {
    const ResetAtEnd inserted(insert);
    EXPECT_EQ(insert.bind(1, text).bind(2, as_bytes(text)).bind(3, text.size()).step(), SQLITE_DONE);
    const ResetAtEnd selected(select);
    ASSERT_EQ(select.step(), SQLITE_ROW);
    EXPECT_EQ(select.text(0), text);
    EXPECT_EQ(as_text(select.bytes(1)), text);
    EXPECT_EQ(select.number(2), static_cast<std::int64_t>(text.size()));
    ASSERT_EQ(sqlite3_exec(database.get(), "DELETE FROM t", nullptr, nullptr, nullptr), SQLITE_OK);
  }
}

TEST_F(Handles, NumbersEndAtTheLargestThatSqliteHas) {
  auto echo = prepare("SELECT ?");
  ASSERT_EQ(echo.bind(1, UINT64_MAX).step(), SQLITE_ROW);
  EXPECT_EQ(echo.number(0), INT64_MAX);
}

TEST_F(Handles, ResetForgetsWhatWasBound) {
  auto echo = prepare("SELECT ? IS NULL");
  {
    const ResetAtEnd reset(echo);
    ASSERT_EQ(echo.bind(1, "text").step(), SQLITE_ROW);
    EXPECT_EQ(echo.number(0), 0);
  }
  ASSERT_EQ(echo.step(), SQLITE_ROW);
  EXPECT_EQ(echo.number(0), 1);
}

TEST_F(Handles, TellsThatAStatementOrAFileWillNotDo) {
  EXPECT_FALSE(Statement::prepare(database.get(), "SELECT nothing"));
  int failed = SQLITE_OK;
  const auto absent = open(folder / "absent", failed);
  EXPECT_EQ(failed & 0xff, SQLITE_CANTOPEN);
  EXPECT_NE(absent, nullptr);
  EXPECT_FALSE(std::filesystem::exists(folder / "absent"));
}

}  // namespace
}  // namespace keyfold::sqlite
