"""PySpark on this machine: two cores, and Java."""

import os
import sys
from operator import add

from answer import N_INPUTS, N_PARTITIONS, Pairs, fun_map, last_digit, main
from pyspark import RDD, SparkConf, SparkContext


def context() -> SparkContext:
    # Its workers are processes of their own, and import what functions need.
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": sys.path[0], "SPARK_LOCAL_IP": "127.0.0.1"}
    settings = {"spark.ui.enabled": "false", "spark.driver.memory": "4g"}
    return SparkContext("local[2]", conf=SparkConf().setAll(settings.items()))


def counted(pairs: RDD) -> Pairs:
    return pairs.reduceByKey(add, N_PARTITIONS).collect()


def words(path: str, variant: str) -> Pairs:
    with context() as spark:
        return counted(spark.textFile(path, N_INPUTS).flatMap(fun_map))


def tasks(n_tasks: int, variant: str) -> Pairs:
    with context() as spark:
        return counted(spark.parallelize([str(number) for number in range(n_tasks)], n_tasks).flatMap(last_digit))


if __name__ == "__main__":
    main(words, tasks)
