# Rscript baseline.R <inputs> <outputs>: reference values of a baseline table: tests by variable, weighted mean, SD and quantiles.
library(survey)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", value))
}

tests <- function(name, data, group, numbers, shares) {
  g <- factor(data[[group]])
  for (term in numbers) {
    x <- data[[term]]
    one <- list(kruskal = kruskal.test(x, g), anova = oneway.test(x ~ g, var.equal = TRUE), welch_anova = oneway.test(x ~ g))
    if (nlevels(g) == 2) {
      first <- x[g == levels(g)[1]]
      second <- x[g == levels(g)[2]]
      one$welch <- t.test(second, first)
      one$student <- t.test(second, first, var.equal = TRUE)
      one$mann_whitney <- suppressWarnings(wilcox.test(second, first))
      note(name, term, "welch_low", one$welch$conf.int[1])
      note(name, term, "welch_high", one$welch$conf.int[2])
    }
    for (test in names(one)) {
      note(name, term, paste0(test, "_statistic"), unname(one[[test]]$statistic))
      note(name, term, paste0(test, "_p"), one[[test]]$p.value)
    }
    note(name, term, "welch_anova_residual_df", unname(one$welch_anova$parameter[2]))
  }
  for (term in shares) {
    counts <- table(g, data[[term]])
    plain <- suppressWarnings(chisq.test(counts, correct = FALSE))
    note(name, term, "chi2_statistic", unname(plain$statistic))
    note(name, term, "chi2_p", plain$p.value)
    note(name, term, "smallest_expected", min(plain$expected))
    if (all(dim(counts) == 2)) note(name, term, "yates_p", suppressWarnings(chisq.test(counts))$p.value)
    note(name, term, "fisher_p", fisher.test(counts, workspace = 2e7)$p.value)
  }
}
lalonde <- read("lalonde")
lalonde$race <- ifelse(lalonde$black == 1, "black", ifelse(lalonde$hispan == 1, "hispan", "white"))
gbsg2 <- read("gbsg2")
lung <- read("lung")
tests("lalonde", lalonde, "treat", c("age", "educ", "re74"), c("race", "married"))
tests("gbsg2", gbsg2, "tgrade", c("age", "tsize", "pnodes"), c("horTh", "menostat"))
tests("gbsg2_small", gbsg2[1:40, ], "tgrade", c("age", "pnodes"), c("horTh", "menostat"))
tests("lung", lung, "sex", "age", "ph_ecog")

described <- function(name, x, w) {
  both <- cov.wt(matrix(x), w / sum(w))
  note(name, "value", "mean", both$center)
  note(name, "value", "sd", sqrt(both$cov[1, 1]))
  order <- order(x, w)
  data <- data.frame(x = x[order], w = w[order])
  found <- svyquantile(~x, svydesign(ids = ~1, weights = ~w, data = data), c(0, 0.25, 0.5, 0.75, 1), qrule = "hf7", ci = FALSE)
  note(name, "value", c("minimum", "q1", "median", "q3", "maximum"), as.vector(found$x))
}
described("weighted_tsize", gbsg2$tsize, 1 + (gbsg2$age %% 7) / 3)
described("weighted_re74", lalonde$re74, 0.2 + (lalonde$age %% 5) / 2)
described("weighted_equal", gbsg2$age, rep(2.5, nrow(gbsg2)))
write.csv(do.call(rbind, found), file.path(folders[2], "baseline.csv"), row.names = FALSE, quote = FALSE)
